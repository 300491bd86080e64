from base import *

class Case(Base):
    """An access proxy is in front: no 401, but a redirect to its login page and a challenge of its own scheme."""
    def mcp(self, r):
        if not r.bearer:
            where = f"{self.origin}/cdn-cgi/access/login/mcp.example.com?redirect_url=%2Fmcp"
            return 302, {"Location": where, "WWW-Authenticate": f'Cloudflare-Access resource_metadata="{self.origin}/.well-known/cloudflare-access-protected-resource/mcp"'}, b""
        return super().mcp(r)

    def other(self, r):
        if r.path.startswith("/cdn-cgi/access/login"):
            return self.page("Sign in", "<p>Get a login code emailed to you</p><form method=post><input name=email type=email><button>Send me a code</button></form>")
        if r.path == "/.well-known/cloudflare-access-protected-resource/mcp":
            return 200, {}, self.prm()
        return super().other(r)

    def prm_route(self, r):
        return 302, {"Location": f"{self.origin}/cdn-cgi/access/login/mcp.example.com?redirect_url={up.quote(r.path)}"}, b""


main(Case)
