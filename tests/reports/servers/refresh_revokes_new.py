from base import *

class Case(Base):
    """The refresh grant revokes the token that it has just issued."""
    def issue(self, client_id, scope, resource, refreshed=False):
        status, headers, body = super().issue(client_id, scope, resource)
        if refreshed:
            del self.access[body["access_token"]]
        return status, headers, body

    def refuse_token(self, r):
        return super().refuse_token(r, "token has been revoked")


main(Case)
