from base import *

class Case(Base):
    """The authorization endpoint has a query of its own, which clients have to keep (RFC 6749 section 3.1)."""
    def metadata(self):
        return {**super().metadata(), "authorization_endpoint": self.origin + "/authorize?tenant=blue"}

    def authorize(self, r):
        if r.query.get("tenant") != "blue":
            return self.page("Error", "<p>Unknown tenant</p>", 400)
        return super().authorize(r)


main(Case)
