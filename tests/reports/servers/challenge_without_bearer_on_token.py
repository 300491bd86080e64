from base import *

class Case(Base):
    """Fresh tokens are refused with a bare 401: no challenge, and a body that says invalid_token."""
    def gate(self, r):
        if r.bearer:
            return 401, {}, {"error": "invalid_token", "error_description": "Token introspection failed"}
        return super().gate(r)


main(Case)
