"""What people do to people, departments, communities and topics: keyword-only, atomic, the actor as `by`."""
