"""The ground floor: code that knows no model and no app of this project."""
