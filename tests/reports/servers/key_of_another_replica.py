from base import *

class Case(Base):
    """Each replica has a random signing key: a token is taken by one and refused by the next."""
    def gate(self, r):
        refused = super().gate(r)
        if refused or r.json.get("method") != "tools/list":
            return refused
        return self.refuse_token(r, "The access token is invalid or expired")


main(Case)
