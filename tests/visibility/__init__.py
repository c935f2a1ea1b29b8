"""The guard rail: persona × audience × every outlet of the service."""
