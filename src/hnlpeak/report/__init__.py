"""Figures and the page that show a finished search. The only room with matplotlib."""
