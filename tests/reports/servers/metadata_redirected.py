from base import *

class Case(Base):
    """The issuer has a path. The first place to look is redirected to a page for people, the second has the document."""
    def setup(self):
        self.issuer = self.origin + "/tenant"

    def other(self, r):
        if r.path == "/.well-known/oauth-authorization-server/tenant":
            return 302, {"Location": self.origin + "/docs/mcp"}, b""
        if r.path == "/.well-known/openid-configuration/tenant":
            return 200, {}, {**self.metadata(), "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"], "jwks_uri": self.origin + "/jwks"}
        if r.path == "/docs/mcp":
            return self.page("Documentation", "<p>How to use this server</p>")
        return super().other(r)


main(Case)
