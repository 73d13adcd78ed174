"""What each page lets a person set: one file a page, with names, defaults and how an address spells them.

A setting keeps its value from page to page and appears in the address when it differs from its default. Names are
short and stable, because addresses are sent around. `app.page_list` says which settings belong to which page.
"""
