"""Reads folders of Markdown that other systems wrote and makes them ours; knows files, not articles."""
