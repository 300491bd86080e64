"""Has the Python SDK's client list the tools of an MCP server, and goes through the login in place of a person:
python_client.py MCP_URL. Prints the names of the tools as JSON."""

import asyncio
import json
import re
import sys
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

REDIRECT_URI = "http://localhost:3030/callback"


class Memory:
    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class Person:
    """What a browser and a person would do: follow redirects, send the form with the values it came with."""

    async def approve(self, url: str) -> None:
        async with httpx2.AsyncClient() as browser:
            answer = await browser.get(url)
            while not answer.headers.get("location", "").startswith(REDIRECT_URI):
                if "location" in answer.headers:
                    answer = await browser.get(urljoin(str(answer.url), answer.headers["location"]))
                    continue
                action = re.search(r'<form[^>]*action="([^"]*)"', answer.text).group(1)
                fields = {
                    re.search('name="([^"]*)"', field).group(1): re.search('value="([^"]*)"', field).group(1)
                    for field in re.findall("<input[^>]*>", answer.text)
                }
                answer = await browser.post(urljoin(str(answer.url), action), data=fields)
        self.came_back = parse_qs(urlsplit(answer.headers["location"]).query)

    async def answer(self) -> AuthorizationCodeResult:
        values = {name: self.came_back.get(name, [None])[0] for name in ("code", "state", "iss")}
        return AuthorizationCodeResult(**values)


async def main(url: str) -> None:
    person = Person()
    metadata = OAuthClientMetadata(
        client_name="Python SDK client",
        redirect_uris=[REDIRECT_URI],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    login = OAuthClientProvider(
        server_url=url,
        client_metadata=metadata,
        storage=Memory(),
        redirect_handler=person.approve,
        callback_handler=person.answer,
    )
    async with create_mcp_http_client(auth=login) as http:
        async with streamable_http_client(url, http_client=http) as (read, write, *_):
            async with ClientSession(read, write) as session:
                await session.initialize()
                tools = await session.list_tools()
                print(json.dumps([tool.name for tool in tools.tools]))


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))
