from base import main
import clock_of_the_issuer_ahead


class Case(clock_of_the_issuer_ahead.Case):
    """A few seconds only, and the MCP server says what it is about."""
    ahead = 4
    words = "Invalid JWT token: The token is not yet valid (iat)"


main(Case)
