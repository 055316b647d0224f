"""The rules of membership, pure: state and command in, events or a refusal out."""
