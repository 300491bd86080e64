from base import *

class Case(Base):
    """The scopes of the challenge are joined by a comma."""
    scopes = ["mcp:read", "mcp:write"]

    def challenge(self, error=None, description=None):
        return super().challenge(error, description).replace('mcp:read mcp:write', 'mcp:read,mcp:write')


main(Case)
