from base import *

class Case(Base):
    """An API gateway has no route for the authorization server's metadata, and says so in odd words."""
    def handle(self, r):
        if r.path.startswith(("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")):
            return 403, {"x-amzn-ErrorType": "MissingAuthenticationTokenException", "x-amz-apigw-id": "abc="}, {"message": "Missing Authentication Token"}
        return super().handle(r)


main(Case)
