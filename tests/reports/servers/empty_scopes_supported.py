from base import *

class Case(Base):
    """scopes_supported is an empty array everywhere; any scope that is sent, an empty one too, is refused. Healthy otherwise."""
    scopes = []

    def challenge(self, error=None, description=None):
        return super().challenge(error, description).replace(', scope=""', "")

    def register(self, r):
        if "scope" in r.json:
            return self.oauth_error("invalid_client_metadata", f"Requested scopes are not valid: {r.json['scope']}")
        return super().register(r)

    def authorize(self, r):
        if "scope" in r.query:
            return self.back(r.query, {"error": "invalid_scope"})
        return super().authorize(r)


main(Case)
