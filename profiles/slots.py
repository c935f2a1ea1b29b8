"""The slots of this app's pages: upper apps put panels and actions there, from their own `panels` modules."""

from intranet.lib.panels import Slot

person = Slot("person")
person_actions = Slot("person_actions")
department = Slot("department")
department_actions = Slot("department_actions")
community = Slot("community")
community_actions = Slot("community_actions")
topic = Slot("topic")
topic_actions = Slot("topic_actions")
