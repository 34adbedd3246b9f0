"""Secrets that are known by their shape: the tokens of vendors who gave theirs a prefix, and private keys.

A row of the table holds substrings of which one must be in the text before its expression is tried, so that a text
without secrets costs a few substring searches. Every expression starts at a fixed prefix and takes a bounded or
possessive run, or starts only where a run starts: none looks at one character more than a fixed number of times.

The prefixes are those that the vendors document: the pages are named beside the rows.
"""

import re
from dataclasses import dataclass

__all__ = ["MASK", "hide_private_keys", "hide_tokens"]

MASK = "***"
"""What stands where a secret stood."""

_APART = r"(?<![A-Za-z0-9])"
_END = r"(?![A-Za-z0-9])"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """One vendor's token: `hints` is what a text must hold for `pattern` to be worth trying.

    What its group `before` matches is kept.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(hints: str, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> _Shape:
    return _Shape(hints=tuple(hints.split()), pattern=re.compile(pattern, flags))


_SHAPES = (
    # docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    _shape("AKIA ASIA ABIA ACCA A3T", _APART + r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}" + _END),
    _shape("ABSK bedrock-api-key-", _APART + r"(?:ABSK[A-Za-z0-9+/]{40,}+={0,2}|bedrock-api-key-[\w+/=-]{20,}+)"),
    # github.blog/2021-04-05-behind-githubs-new-authentication-token-formats
    _shape("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", _APART + r"(?:gh[pousr]_[A-Za-z0-9_]{20,}+|github_pat_\w{20,}+)"),
    # docs.gitlab.com/security/tokens/#token-prefixes
    _shape("gl GR1348941", _APART + r"(?:gl(?:pat|oas|soat|dt|rt|rtr|cbt|ptt|ft|imt|agent|wt|ffct)-[\w.-]{16,}+"
                                    r"|GR1348941[\w-]{16,}+)"),
    # api.slack.com/authentication/token-types
    _shape("xox xapp- xwfp-", _APART + r"(?:xox[a-z](?:\.xox[a-z])?-|xapp-|xwfp-)[A-Za-z0-9-]{8,}+", re.IGNORECASE),
    _shape("hooks.slack.com", r"(?P<before>hooks\.slack\.com/(?:services|workflows|triggers)/)[\w/-]{8,}+"),
    # docs.stripe.com/keys#obtain-api-keys
    _shape("k_live_ k_test_ whsec_", _APART + r"(?:[srp]k_(?:live|test)_[A-Za-z0-9]{8,}+|whsec_[A-Za-z0-9+/=]{16,}+)"),
    # platform.openai.com, docs.anthropic.com, openrouter.ai, deepseek: `sk-` with parts
    _shape("sk-", _APART + r"sk-(?:(?:proj|svcacct|admin|ant|or|None|lf)-[\w-]{12,}+|[A-Za-z0-9]{20,}+|[\w-]{40,}+)"),
    _shape("gsk_ xai- pplx- r8_ nvapi- fw_ csk- tvly-",
           _APART + r"(?:(?:gsk|r8|fw)_[A-Za-z0-9]{20,}+|(?:xai|pplx|nvapi|csk|tvly)-[\w-]{20,}+)"),
    # cloud.google.com/docs/authentication/api-keys
    _shape("AIza", _APART + r"AIza[\w-]{30,}+"),
    _shape("ya29. GOCSPX- 1//0", _APART + r"(?:ya29\.[\w.-]{16,}+|GOCSPX-[\w-]{20,}+|1//0[\w-]{30,}+)"),
    # docs.npmjs.com/about-access-tokens, pypi.org/help/#apitoken, guides.rubygems.org, crates.io, hub.docker.com
    _shape("npm_ rubygems_ cio dckr_pat_ dckr_oat_",
           _APART + r"(?:npm_[A-Za-z0-9]{30,}+|rubygems_[0-9a-f]{40,}+|cio[A-Za-z0-9]{32}(?![A-Za-z0-9])"
                    r"|dckr_[po]at_[\w-]{20,}+)"),
    _shape("pypi-", _APART + r"pypi-(?:AgE[A-Za-z0-9_-]{13,}+|[A-Za-z0-9_-]{80,}+)"),
    # www.twilio.com/docs/iam/api-keys, docs.sendgrid.com, documentation.mailgun.com, mailchimp.com/developer
    _shape("SK AC", _APART + r"(?:SK|AC)[0-9a-fA-F]{32}" + _END),
    _shape("SG.", _APART + r"SG\.[\w-]{16,}+\.[\w-]{16,}+"),
    _shape("key- -us pubkey-", _APART + r"(?:(?:pub)?key-[0-9a-zA-Z]{32}|[0-9a-f]{32}-us[0-9]{1,2})" + _END),
    _shape("xkeysib- xsmtpsib-", _APART + r"x(?:key|smtp)sib-[0-9a-f]{32,}+(?:-\w{8,}+)?"),
    # docs.digitalocean.com/reference/api/create-personal-access-token
    _shape("_v1_", _APART + r"do[opr]_v1_[0-9a-f]{32,}+"),
    _shape("hf_ api_org_", _APART + r"(?:hf|api_org)_[A-Za-z]{30,}+"),
    _shape("dapi dose", _APART + r"(?:dapi|dose)[0-9a-f]{32}(?:-[0-9])?" + _END),
    # shopify.dev/changelog/length-of-the-shopify-access-token-is-increasing
    _shape("shp", _APART + r"shp(?:at|ca|pa|ss|tka|ua|rt)_[0-9a-zA-Z]{24,}+"),
    # core.telegram.org/bots/api#authorizing-your-bot; a `bot` may stand before it in the API's addresses
    _shape(":A", r"(?<![0-9])[0-9]{8,10}:A[\w-]{34}(?![\w-])"),
    # discord.com/developers/docs/reference#authentication
    _shape(".", r"(?<![\w.-])[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,45}(?![\w-])"),
    _shape("/webhooks/", r"(?P<before>/api/(?:v[0-9]+/)?webhooks/[0-9]{8,20}/)[\w-]{20,}+"),
    # developer.squareup.com/docs/build-basics/access-tokens
    _shape("sq0 EAAA", _APART + r"(?:sq0[a-z]{3}-[\w-]{20,}+|EAAA[\w-]{56,}+)"),
    # learn.microsoft.com/azure/storage/common/storage-configure-connection-string, …/storage-sas-overview
    _shape("accountkey accesskey= sharedsecret", r"(?P<before>(?:AccountKey|AccessKey|SharedSecret\w{0,8})=)"
                                       r"(?!\*\*\*)[\w+/%-]{8,}+={0,2}", re.IGNORECASE),
    _shape("sig= signature=", r"(?P<before>(?<![A-Za-z0-9])(?:sig|signature)=)[\w%+/.~-]{16,}+={0,2}", re.IGNORECASE),
    _shape("Q~", r"(?<![\w.~-])[\w.~-]{3}[0-9]Q~[\w.~-]{31,34}"),
    # datatracker.ietf.org/doc/html/rfc7519: base64 of `{"`, twice; the last part may be cut off
    _shape("eyJ", r"(?<![\w-])eyJ[\w-]{5,}+(?:\.[\w-]{4,}+){1,4}+\.?"),
    # docs.x.com, developers.facebook.com, www.dropbox.com/developers, airtable.com/developers/web/api/authentication
    _shape("AAAAAAAAA EAACEdEose0cBA EAA", _APART + r"(?:A{20,22}[\w%]{40,}+|EAA[A-Z][A-Za-z0-9]{60,}+)"),
    _shape("sl. pat", _APART + r"(?:sl\.(?:u\.)?[\w-]{60,}+|pat[A-Za-z0-9]{14}\.[0-9a-f]{64})"),
    # developers.notion.com, linear.app/docs/api, docs.figma.com, developer.atlassian.com, asana
    _shape("ntn_ secret_ lin_ figd_ ATATT ATBB ATCTT",
           _APART + r"(?:ntn_[A-Za-z0-9]{40,}+|secret_[A-Za-z0-9]{43}|lin_(?:api|oauth)_[A-Za-z0-9]{30,}+"
                    r"|figd_[\w-]{30,}+|AT(?:ATT3|CTT3)[\w=-]{40,}+|ATBB[A-Za-z0-9]{28,}+)"),
    # developer.hashicorp.com/vault/docs/concepts/tokens, …/terraform, docs.pulumi.com, docs.docker.com
    _shape("hvs. hvb. hvr. .atlasv1. pul- SWMTKN-",
           r"(?<![A-Za-z0-9])(?:hv[sbr]\.[\w-]{20,}+|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}+|pul-[0-9a-f]{40}"
           r"|SWMTKN-1-[\w-]{40,}+)"),
    # grafana.com/docs, docs.sentry.io, docs.newrelic.com, posthog.com, docs.planetscale.com, doppler, 1password, age
    _shape("glc_ glsa_ sntr NRAK NRJS NRII ph pscale_ dp. ops_ey AGE-SECRET-KEY-",
           _APART + r"(?:glc_[\w+/=]{32,}+|glsa_\w{32,}+|sntr(?:ys|yu)_[\w+/=.-]{32,}+|NR(?:AK|JS|II|RA)-[\w-]{19,}+"
                    r"|ph[cxs]_[A-Za-z0-9]{30,}+|pscale_(?:tkn|pw|oauth)_[\w.=-]{30,}+|dp\.(?:pt|st|ct|sa|scim|audit)\."
                    r"[\w.-]{20,}+|ops_eyJ[\w+/=]{40,}+|AGE-SECRET-KEY-1[0-9A-Z]{40,}+)"),
    # developer.paypal.com/braintree, docs.adyen.com, fly.io, render.com, vercel, netlify, supabase, cloudflare
    _shape("access_token$ AQE fo1_ fm2_ rnd_ nfp_ sbp_ v1.0-",
           _APART + r"(?:access_token\$\w+\$[0-9a-z]{16}\$[0-9a-f]{32}|AQE[A-Za-z0-9]{3,6}[\w+/=-]{60,}+|fo1_[\w-]{40,}+"
                    r"|fm2_[\w+/=,-]{60,}+|rnd_[A-Za-z0-9]{28,}+|nfp_[A-Za-z0-9]{36,}+|sbp_[0-9a-f]{40}"
                    r"|v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}+)"),
    _shape("PMAK- AKC dt0c01. EZ duffel_ lsv2_ sgp_ tk-us- CCIPAT_ bkua_",
           _APART + r"(?:PMAK-[0-9a-f-]{50,}+|AKC[A-Za-z0-9]{40,}+|dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}|EZ[AT]K[A-Za-z0-9]{50,}+"
                    r"|duffel_(?:live|test)_[\w=-]{40,}+|lsv2_(?:pt|sk)_[\w]{32,}+|sgp_(?:\w{16}_)?[0-9a-f]{40}"
                    r"|tk-us-[\w-]{40,}+|CCIPAT_\w{40,}+|bkua_[0-9a-f]{40})"),
)  # fmt: skip

_FOLDED = frozenset({"xox", "xapp-", "xwfp-", "accountkey", "accesskey=", "sharedsecret", "sig=", "signature="})


def hide_tokens(text: str) -> str:
    """The text with each token of a documented shape replaced by `MASK`.

    Linear in the text. What is not a token's own (the address of a webhook, `AccountKey=`) is kept.
    """
    folded = text.lower()
    for shape in _SHAPES:
        for hint in shape.hints:
            if hint in (folded if hint in _FOLDED else text):
                text = shape.pattern.sub(_keep_before, text)
                break
    return text


def _keep_before(match: re.Match[str]) -> str:
    return (match.group("before") if match.re.groups else "") + MASK


_KEY_HEAD = re.compile(
    r"-----? ?BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?(?: ?-----?)?|PuTTY-User-Key-File-[0-9]:"
)
_GLUE = r"(?:\\{1,4}[nrt]|[\s\"'`,+()|>\\]|\b[rbufRBUF]{1,2}(?=[\"']))"
# One piece of a key: a run of base64 that nothing but glue may follow, or one of the headers of PEM (RFC 1421), OpenPGP
# and PuTTY. A run of 24 may be followed by a space (keys flattened to one line); a shorter one, which might be a word,
# must end its line or its literal.
_KEY_BODY = re.compile(
    rf"(?:{_GLUE}*+"
    r"(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID|Encryption|Public-Lines|Private-Lines|Private-MAC"
    r"|Key-Derivation|Argon2-\w{1,12}|ssh-\w{1,12})\b[^\n\"'\\]*+"
    r"|[A-Za-z0-9+/=]{24,}+"
    r"|(?!(?:pass|return|break|continue|raise|try|True|False|None)\b)[A-Za-z0-9+/=]++(?=[ \t]*(?:\\{1,4}[nrt]|[\r\n\"'`]|-----|\Z))))*+"
)
_KEY_TAIL = re.compile(rf"{_GLUE}*+-----? ?END (?:[A-Z0-9]{{1,12}} ){{0,4}}PRIVATE KEY(?: BLOCK)?(?: ?-----?)?")
_LINE_EDGES = re.compile(r"[ \t]*(?:[rbufRBUF]{0,2}[\"'`]{1,3})?")


def hide_private_keys(text: str) -> str:
    """The text with every line of a PEM, OpenSSH, OpenPGP or PuTTY private key replaced by `MASK`.

    The number of lines stays, and so do the quotes around literals that a key is spread over. A key whose END line
    is missing is hidden as far as its lines look like one.
    """
    if "PRIVATE KEY" not in text and "PuTTY-User-Key-File" not in text:
        return text
    pieces: list[str] = []
    done = 0
    while (head := _KEY_HEAD.search(text, done)) is not None:
        body = _KEY_BODY.match(text, head.end())
        end = body.end() if body is not None else head.end()
        tail = _KEY_TAIL.match(text, end)
        if tail is not None:
            end = tail.end()
        pieces += (text[done : head.start()], "\n".join(map(_hide_line, text[head.start() : end].split("\n"))))
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _hide_line(line: str) -> str:
    """One line of a key: its indentation and the quotes and brackets at its edges stay."""
    edge = _LINE_EDGES.match(line)
    start = edge.end() if edge is not None else 0
    end = len(line.rstrip(" \t\r\"'`,)\\"))
    return line[:start] + MASK + line[end:] if end > start else line
