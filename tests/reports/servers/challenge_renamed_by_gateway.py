from base import *

class Case(Base):
    """An API gateway renames WWW-Authenticate on its way out."""
    def gate(self, r):
        refused = super().gate(r)
        if refused:
            status, headers, body = refused
            return status, {"x-amzn-Remapped-WWW-Authenticate": headers["WWW-Authenticate"], "x-amz-apigw-id": "abc="}, body
        return None


main(Case)
