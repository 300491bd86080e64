from base import *

class Case(Base):
    """The MCP server asks for a scope that the authorization server does not let clients register for."""
    def metadata(self):
        return {**super().metadata(), "scopes_supported": ["user"]}

    def register(self, r):
        if r.json.get("scope") and r.json["scope"] != "user":
            return self.oauth_error("invalid_client_metadata", f"Requested scopes are not valid: {r.json['scope']}")
        return super().register(r)

    def authorize(self, r):
        if r.query.get("scope") not in (None, "user"):
            return self.back(r.query, {"error": "invalid_scope", "error_description": f"Client was not registered with scope {r.query['scope']}"})
        return super().authorize(r)


main(Case)
