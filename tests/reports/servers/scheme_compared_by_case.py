from base import *

class Case(Base):
    """token_type is "bearer", and the MCP server takes the scheme "Bearer" only, letter by letter."""
    def token_answer(self, access, refresh, scope):
        return {**super().token_answer(access, refresh, scope), "token_type": "bearer"}

    def gate(self, r):
        if r.bearer and not r.headers["Authorization"].startswith("Bearer "):
            return self.refuse_token(r, "Invalid authorization header format. Expected Bearer token")
        return super().gate(r)


main(Case)
