from base import *

class Case(Base):
    """offline_access is advertised, and refused without prompt=consent."""
    scopes = ["mcp:read", "offline_access"]

    def authorize(self, r):
        q = r.query
        if "offline_access" in q.get("scope", "").split() and q.get("prompt") != "consent":
            return self.back(q, {"error": "invalid_scope", "error_description": "The following scopes are invalid: offline_access"})
        return super().authorize(r)


main(Case)
