"""Pure readers of what people type into spreadsheets: names, companies, domains, LinkedIn URLs, plain values.

The compute workflows use them on the way in; extraction uses the same ones on what Clay sends back, so that both sides
agree on what is the same person, company or domain.
"""
