from base import *

class Case(Base):
    """The upstream identity provider posts its answer to the redirect URI, although nobody asked for form_post."""
    def back(self, q, values):
        values = {**values, "iss": self.issuer, "state": q["state"]}
        hidden = "".join(f'<input type="hidden" name="{html.escape(k)}" value="{html.escape(v)}">' for k, v in values.items())
        return self.page("Working...", f'<form method="POST" name="hiddenform" action="{html.escape(q["redirect_uri"])}">{hidden}<noscript><button type="submit">Continue</button></noscript></form><script>document.forms[0].submit()</script>')


main(Case)
