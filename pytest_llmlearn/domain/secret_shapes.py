"""Tokens that are known by their shape: those of vendors who gave theirs a prefix.

A row of the table holds the beginnings of a vendor's tokens and the expression that matches them whole. Most texts have
none of the beginnings in any of their long words, and the expressions are not tried on them. Every expression starts
at a fixed prefix and takes a bounded or possessive run, or starts only where a run starts: none looks at one character
more than a fixed number of times.

The prefixes are those that the vendors document: their sites are named above the rows.
"""

import re

__all__ = ["MASK", "hide_tokens"]

MASK = "***"
"""What stands where a secret stood."""

_APART = r"(?<![A-Za-z0-9])"
_END = r"(?![A-Za-z0-9])"

_Row = tuple[tuple[str, ...], re.Pattern[str]]


def _shape(beginnings: str, pattern: str) -> _Row:
    """One row: the beginnings are expressions parted by spaces, none for a row of `_INNER_PARTS` or of other rows'
    beginnings.

    What a group `before` of the pattern matches is kept.
    """
    return tuple(beginnings.split()), re.compile(pattern)


_SHAPES = (
    # Any of those below with its middle left out, as pytest and `reprlib` show what is too long for a line.
    _shape("",
           _APART + r"(?:sk-|AKIA|ASIA|gh[pousr]_|github_pat_|gl(?:pat|oas|dt|rt|ptt)-|xox[abcdeoprs]-|xapp-"
                    r"|[srp]k_(?:live|test)_|whsec_|gsk_|xai-|nvapi-|pplx-|tvly-|r8_|AIza|ya29\.|GOCSPX-|npm_|dckr_[po]at_|pypi-"
                    r"|SG\.|do[opr]_v1_|hf_|shp(?:at|ca|pa|ss)_|eyJ|hv[sbr]\.|gl(?:c|sa)_|lin_api_|ntn_|figd_|ATATT)"
                    r"(?:[\w+/=-]|\.(?=[\w-])){0,400}+(?:\.{3}|…)[\w+/=.-]{3,}+"),
    # docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    _shape("AKIA ASIA ABIA ACCA A3T", _APART + r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}" + _END),
    _shape("ABSK bedrock-api-key-", _APART + r"(?:ABSK[A-Za-z0-9+/]{40,}+={0,2}|bedrock-api-key-[\w+/=-]{20,}+)"),
    # github.blog/2021-04-05-behind-githubs-new-authentication-token-formats
    _shape("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", _APART + r"(?:gh[pousr]_[A-Za-z0-9_]{20,}+|github_pat_\w{20,}+)"),
    # docs.gitlab.com/security/tokens/#token-prefixes
    _shape("glpat- gloas- glsoat- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- glwt- glffct- GR1348941",
           _APART + r"(?:gl(?:pat|oas|soat|dt|rt|rtr|cbt|ptt|ft|imt|agent|wt|ffct)-[\w.-]{16,}+"
                                    r"|GR1348941[\w-]{16,}+)"),
    # api.slack.com/authentication/token-types
    _shape("xoxa xoxb xoxc xoxd xoxe xoxo xoxp xoxr xoxs xapp- xwfp-",
           _APART + r"(?:xox[abcdeoprs](?:\.xox[a-z])?-|xapp-|xwfp-)[A-Za-z0-9-]{8,}+"),
    _shape(r"hooks\.slack\.com", r"(?P<before>hooks\.slack\.com/(?:services|workflows|triggers)/)[\w/-]{8,}+"),
    # docs.stripe.com/keys#obtain-api-keys
    _shape("[srp]k_live_ [srp]k_test_ whsec_",
           _APART + r"(?:[srp]k_(?:live|test)_[A-Za-z0-9]{8,}+|whsec_[A-Za-z0-9+/=]{16,}+)"),
    # platform.openai.com, docs.anthropic.com, openrouter.ai, deepseek: `sk-` with parts
    _shape("sk-[A-Za-z0-9]",
           _APART + r"sk-(?:(?:proj|svcacct|admin|ant|or|None|lf)-[\w-]{12,}+|[A-Za-z0-9]{20,}+|[\w-]{40,}+)"),
    _shape("gsk_ xai- pplx- r8_ nvapi- fw_ csk- tvly-",
           _APART + r"(?:(?:gsk|r8|fw)_[A-Za-z0-9]{20,}+|(?:xai|pplx|nvapi|csk|tvly)-[\w-]{20,}+)"),
    # cloud.google.com/docs/authentication/api-keys
    _shape("AIza", _APART + r"AIza[\w-]{30,}+"),
    _shape(r"ya29\. GOCSPX- 1//0", _APART + r"(?:ya29\.[\w.-]{16,}+|GOCSPX-[\w-]{20,}+|1//0[\w-]{30,}+)"),
    # The documentation of the package registries of npm, Python, Ruby, Rust and of Docker's hub, on access tokens
    _shape("npm_ rubygems_ dckr_pat_ dckr_oat_",
           _APART + r"(?:npm_[A-Za-z0-9]{30,}+|rubygems_[0-9a-f]{40,}+|dckr_[po]at_[\w-]{20,}+)"),
    _shape("pypi-", _APART + r"pypi-(?:AgE[A-Za-z0-9_-]{13,}+|[A-Za-z0-9_-]{80,}+)"),
    # www.twilio.com/docs/iam/api-keys, docs.sendgrid.com, documentation.mailgun.com, mailchimp.com/developer
    _shape("[SA][KC][0-9a-fA-F]{6}", r"[SA][KC](?<![A-Za-z0-9][SA][KC])[0-9a-fA-F]{32}" + _END),
    _shape(r"SG\.", _APART + r"SG\.[\w-]{16,}+\.[\w-]{16,}+"),
    _shape(r"key-[0-9a-zA-Z]{4}", _APART + r"(?:(?:pub)?key-[0-9a-zA-Z]{32}|[0-9a-f]{32}-us[0-9]{1,2})" + _END),
    _shape("xkeysib- xsmtpsib-", _APART + r"x(?:key|smtp)sib-[0-9a-f]{32,}+(?:-\w{8,}+)?"),
    # docs.digitalocean.com/reference/api/create-personal-access-token
    _shape("do[opr]_v1_", _APART + r"do[opr]_v1_[0-9a-f]{32,}+"),
    _shape("hf_ api_org_", _APART + r"(?:hf|api_org)_[A-Za-z]{30,}+"),
    _shape("dapi[0-9a-f] dose[0-9a-f]", _APART + r"(?:dapi|dose)[0-9a-f]{32}(?:-[0-9])?" + _END),
    # shopify.dev/changelog/length-of-the-shopify-access-token-is-increasing
    _shape("shpat_ shpca_ shppa_ shpss_ shptka_ shpua_ shprt_",
           _APART + r"shp(?:at|ca|pa|ss|tka|ua|rt)_[0-9a-zA-Z]{24,}+"),
    # core.telegram.org/bots/api#authorizing-your-bot; a `bot` may stand before it in the API's addresses
    _shape("", r"(?<![0-9])[0-9]{8,10}:A[\w-]{34}(?![\w-])"),
    # discord.com/developers/docs/reference#authentication
    _shape(r"[MNO][\w-]{23,27}\.", r"[MNO](?<![\w.-][MNO])[\w-]{23,27}\.[\w-]{6}\.[\w-]{27,45}(?![\w-])"),
    _shape("", r"(?P<before>/api/(?:v[0-9]+/)?webhooks/[0-9]{8,20}/)[\w-]{20,}+"),
    # developer.squareup.com/docs/build-basics/access-tokens
    _shape("sq0[a-z] EAAA", _APART + r"(?:sq0[a-z]{3}-[\w-]{20,}+|EAAA[\w-]{56,}+)"),
    # learn.microsoft.com/azure/storage/common/storage-configure-connection-string, …/storage-sas-overview
    _shape("(?i:accountkey=) (?i:accesskey=) (?i:sharedsecret)",
           r"(?i)(?P<before>(?:AccountKey|AccessKey|SharedSecret\w{0,8})=)"
                                       r"(?!\*\*\*)[\w+/%-]{8,}+={0,2}"),
    _shape("(?i:sig=) (?i:signature=)", r"(?i)(?P<before>(?<![A-Za-z0-9])(?:sig|signature)=)[\w%+/.~-]{16,}+={0,2}"),
    _shape("", r"(?<![\w.~-])[\w.~-]{3}[0-9]Q~[\w.~-]{31,34}"),
    # datatracker.ietf.org/doc/html/rfc7519: base64 of `{"`, twice; the last part may be cut off
    _shape(r"eyJ[\w-]{5}", r"(?<![\w-])eyJ[\w-]{5,}+(?:\.[\w-]{4,}+){1,4}+\.?"),
    # docs.x.com, developers.facebook.com, www.dropbox.com/developers, airtable.com/developers/web/api/authentication
    _shape("AAAAAAAAA EAA[A-Z]", _APART + r"(?:A{20,22}[\w%]{40,}+|EAA[A-Z][A-Za-z0-9]{60,}+)"),
    _shape(r"sl\.[\w.-]{30}", _APART + r"sl\.(?:u\.)?[\w-]{60,}+"),
    _shape(r"pat[A-Za-z0-9]{14}\.", r"pat(?<![A-Za-z0-9]pat)[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    # developers.notion.com, linear.app/docs/api, docs.figma.com, developer.atlassian.com, asana
    _shape("ntn_ secret_ lin_api_ lin_oauth_ figd_ ATATT ATBB ATCTT",
           _APART + r"(?:ntn_[A-Za-z0-9]{40,}+|secret_[A-Za-z0-9]{43}|lin_(?:api|oauth)_[A-Za-z0-9]{30,}+"
                    r"|figd_[\w-]{30,}+|AT(?:ATT3|CTT3)[\w=-]{40,}+|ATBB[A-Za-z0-9]{28,}+)"),
    # developer.hashicorp.com/vault/docs/concepts/tokens, …/terraform, docs.pulumi.com, docs.docker.com
    _shape(r"hv[sbr]\. pul-[0-9a-f] SWMTKN-",
           r"(?<![A-Za-z0-9])(?:hv[sbr]\.[\w-]{20,}+|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}+|pul-[0-9a-f]{40}"
           r"|SWMTKN-1-[\w-]{40,}+)"),
    # grafana.com/docs, docs.sentry.io, docs.newrelic.com, posthog.com, docs.planetscale.com, doppler, 1password, age
    _shape(r"glc_ glsa_ sntry[su]_ NR[AJIR][A-Z]- ph[cxs]_ pscale_ dp\.[a-z]+\. ops_ey AGE-SECRET-KEY-",
           _APART + r"(?:glc_[\w+/=]{32,}+|glsa_\w{32,}+|sntr(?:ys|yu)_[\w+/=.-]{32,}+|NR(?:AK|JS|II|RA)-[\w-]{19,}+"
                    r"|ph[cxs]_[A-Za-z0-9]{30,}+|pscale_(?:tkn|pw|oauth)_[\w.=-]{30,}+|dp\.(?:pt|st|ct|sa|scim|audit)\."
                    r"[\w.-]{20,}+|ops_eyJ[\w+/=]{40,}+|AGE-SECRET-KEY-1[0-9A-Z]{40,}+)"),
    # developer.paypal.com/braintree, docs.adyen.com, fly.io, render.com, vercel, netlify, supabase, cloudflare
    _shape(r"access_token\$ AQE[A-Za-z0-9] fo1_ fm2_ rnd_ nfp_ sbp_ v1\.0-",
           _APART + r"(?:access_token\$\w+\$[0-9a-z]{16}\$[0-9a-f]{32}|AQE[A-Za-z0-9]{3,6}[\w+/=-]{60,}+"
                    r"|fo1_[\w-]{40,}+|fm2_[\w+/=,-]{60,}+|rnd_[A-Za-z0-9]{28,}+|nfp_[A-Za-z0-9]{36,}+|sbp_[0-9a-f]{40}"
                    r"|v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}+)"),
    _shape("PMAK- AKC dt0c01\\. EZAK EZTK duffel_ lsv2_ sgp_ tk-us- CCIPAT_ bkua_",
           _APART + r"(?:PMAK-[0-9a-f-]{50,}+|AKC[A-Za-z0-9]{40,}+|dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}"
                    r"|EZ[AT]K[A-Za-z0-9]{50,}+|duffel_(?:live|test)_[\w=-]{40,}+|lsv2_(?:pt|sk)_[\w]{32,}+|sgp_(?:\w{16}_)?[0-9a-f]{40}"
                    r"|tk-us-[\w-]{40,}+|CCIPAT_\w{40,}+|bkua_[0-9a-f]{40})"),
)  # fmt: skip


def _any_beginning(rows: tuple[_Row, ...]) -> re.Pattern[str]:
    """One expression for all beginnings, those with the same first character in one branch; tried where a word starts
    and not inside one."""
    branches: dict[str, list[str]] = {}
    for beginnings, _ in rows:
        for beginning in beginnings:
            first = beginning[0]
            branches.setdefault(first if first.isalnum() else "", []).append(beginning)
    alone = branches.pop("", [])
    grouped = [f"{first}(?:{'|'.join(rest[1:] for rest in begun)})" for first, begun in branches.items()]
    return re.compile(rf"{_APART}(?:{'|'.join(grouped + alone)})")


_BEGINNING = _any_beginning(_SHAPES)
_INNER_PARTS = ("-us", ".atlasv1.", ":A", "Q~", "webhooks/")
"""What marks those tokens that have no fixed beginning."""


def hide_tokens(text: str, long_words: str) -> str:
    """The text with each token of a documented shape replaced by `MASK`.

    `long_words` is what `randomness.long_words` makes of the same text. What is not a token's own (the address of a
    webhook, `AccountKey=`) is kept.
    """
    if any(part in long_words for part in _INNER_PARTS) or _BEGINNING.search(long_words) is not None:
        for _, pattern in _SHAPES:
            text = pattern.sub(_keep_before, text)
    return text


def _keep_before(match: re.Match[str]) -> str:
    return (match["before"] if match.re.groups else "") + MASK
