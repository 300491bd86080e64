from base import *

class Case(Base):
    """As consent_stopped_by_form_action; the policy stands in the page and allows https alone."""
    def page(self, title, inner, status=200, headers=()):
        policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; form-action 'self' https:\">"
        return super().page(title, policy + inner, status, headers)


main(Case)
