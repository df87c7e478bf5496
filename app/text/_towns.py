"""Towns that stand behind names without a word that says so: `Ingrid Solberg, Oslo`, `Acme GmbH München`.

The cities that time zones are named after come from the tz database; the list adds the larger seats of business in
Europe, the Americas and Asia, in their own spelling and in English.
"""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from app.text.values import fold

__all__ = ["MOST_WORDS", "is_town"]

MOST_WORDS = 3
"""Words that the name of a town here may have: Rio de Janeiro, Frankfurt am Main."""

MORE = """
    Aachen|Augsburg|Bielefeld|Bochum|Bonn|Braunschweig|Bremen|Chemnitz|Darmstadt|Dortmund|Dresden|Duisburg|Düsseldorf
    |Duesseldorf|Erfurt|Erlangen|Essen|Frankfurt|Frankfurt am Main|Freiburg|Göttingen|Hamburg|Hannover|Hanover
    |Heidelberg|Heilbronn|Ingolstadt|Karlsruhe|Kassel|Kiel|Köln|Koeln|Cologne|Leipzig|Leverkusen|Ludwigshafen|Lübeck
    |Magdeburg|Mainz|Mannheim|München|Muenchen|Munich|Münster|Nürnberg|Nuernberg|Nuremberg|Oldenburg|Osnabrück
    |Paderborn|Potsdam|Regensburg|Rostock|Saarbrücken|Stuttgart|Ulm|Wiesbaden|Wolfsburg|Wuppertal|Würzburg
    |Wien|Graz|Linz|Salzburg|Innsbruck|Klagenfurt|Basel|Bern|Genf|Genève|Geneva|Lausanne|Lugano|Luzern|Lucerne
    |St. Gallen|Winterthur|Zug|Zürich|Zurich|Vaduz
    |Amsterdam|Den Haag|The Hague|Eindhoven|Groningen|Haarlem|Rotterdam|Tilburg|Utrecht|Antwerpen|Antwerp|Brugge
    |Brussel|Bruxelles|Gent|Ghent|Leuven|Liège
    |Bordeaux|Grenoble|Lille|Lyon|Marseille|Montpellier|Nantes|Nice|Rennes|Rouen|Strasbourg|Toulouse
    |Barcelona|Bilbao|Málaga|Murcia|Sevilla|Seville|Valencia|Valladolid|Zaragoza|Lisboa|Porto|Braga|Coimbra
    |Bari|Bergamo|Bologna|Brescia|Catania|Firenze|Florence|Genova|Milano|Milan|Modena|Napoli|Naples|Padova|Palermo
    |Parma|Roma|Torino|Turin|Trieste|Venezia|Verona
    |Aarhus|Aalborg|Odense|København|Bergen|Stavanger|Trondheim|Göteborg|Gothenburg|Malmö|Uppsala|Lund|Espoo|Tampere
    |Turku|Oulu|Reykjavík|Kaunas|Klaipėda|Tartu
    |Gdańsk|Katowice|Kraków|Krakow|Łódź|Poznań|Poznan|Szczecin|Warszawa|Wrocław|Wroclaw|Praha|Brno|Ostrava|Plzeň
    |Košice|Debrecen|Szeged|București|Bucuresti|Cluj-Napoca|Cluj|Iași|Timișoara|Plovdiv|Varna|Sofija|Beograd|Novi Sad
    |Niš|Split|Rijeka|Osijek|Maribor|Mostar|Banja Luka|Athina|Thessaloniki|Lviv|Kharkiv|Odesa
    |Birmingham|Bristol|Cambridge|Cardiff|Edinburgh|Glasgow|Leeds|Liverpool|Manchester|Newcastle|Nottingham|Oxford
    |Sheffield|Cork|Galway|Limerick
    |Atlanta|Austin|Baltimore|Boston|Charlotte|Chicago|Dallas|Denver|Detroit|Houston|Las Vegas|Los Angeles|Miami
    |Minneapolis|Nashville|New York|New York City|NYC|Philadelphia|Pittsburgh|Portland|San Diego|San Francisco|San José
    |San Jose|Seattle|Washington DC|Montréal|Montreal|Calgary|Ottawa|Quebec|Québec
    |Guadalajara|Monterrey|Ciudad de México|Medellín|Cali|Córdoba|Rosario|Rio de Janeiro|Belo Horizonte|Brasília
    |Curitiba|Porto Alegre|São Paulo|Sao Paulo
    |Ankara|İzmir|Izmir|Bursa|Tel Aviv|Haifa|Abu Dhabi|Doha|Jeddah|Cape Town|Durban|Pretoria|Casablanca|Rabat|Marrakech
    |Ahmedabad|Bangalore|Bengaluru|Chennai|Delhi|New Delhi|Gurgaon|Gurugram|Hyderabad|Mumbai|Noida|Pune
    |Beijing|Guangzhou|Shenzhen|Osaka|Kyoto|Busan|Hanoi|Hà Nội|Auckland|Wellington|Canberra|Lahore|Islamabad
"""


def is_town(text: str) -> bool:
    """Whether a text is the name of a town that is known."""
    return fold(text) in _towns()


@cache
def _towns() -> frozenset[str]:
    zones = (zone.rpartition("/")[2].replace("_", " ") for zone in available_timezones() if "/" in zone)
    return frozenset(fold(town.strip()) for town in (*zones, *MORE.split("|")))
