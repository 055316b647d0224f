"""Membership: who is in the federation, what they subscribe to, who may do what."""
