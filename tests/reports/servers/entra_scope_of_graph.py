from base import *

class Case(Base):
    """The scope has no resource before it, so Entra looks for it at Microsoft Graph."""
    def authorize(self, r):
        return self.back(r.query, {"error": "invalid_client", "error_description": "AADSTS650053: The application 'app' asked for scope 'mcp:read' that doesn't exist on the resource '00000003-0000-0000-c000-000000000000'."})


main(Case)
