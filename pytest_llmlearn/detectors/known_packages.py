"""Import names of much used distributions, and the distribution that brings each.

Facts for telling a package that is not installed here from one that does not exist. A name that is missing from
the table proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

_SAME_NAME = """
accelerate aenum aioboto3 aiobotocore aiodns aiofile aiofiles aiogram aiohttp aioitertools aiokafka aioredis aiosignal
aiosqlite alembic altair amqp anndata anthropic anyio appdirs apscheduler argcomplete arrow asgiref asteval astor
astroid astropy asttokens asyncpg asyncssh attrs authlib autograd babel backoff bandit beartype behave bidict billiard
bitarray bitsandbytes black bleach blinker blosc bokeh boltons boto boto3 botocore bottle bottleneck braintree brotli
build bytecode cachecontrol cachetools cairosvg cartopy catboost cattrs cbor2 celery cement cerberus certifi cffi cfgv
chainlit chardet cheroot cherrypy chromadb click clickhouse_driver cloudpickle cloudscraper cohere colorama
coloredlogs colorlog colour confluent_kafka construct contextily contourpy cookiecutter coverage croniter cryptography
cssselect ctranslate2 cupy curio cvxopt cvxpy cx_Oracle cycler cyclopts cymem cython Cython dacite daphne dash
dash_bootstrap_components dask databases datasets dateparser ddtrace deap debugpy deepdiff deepspeed defusedxml
deltalake demjson3 deprecated dill diskcache distlib distributed distro django docker docopt docutils docx2txt dotmap
dramatiq duckdb dulwich easydict ecdsa einops elasticsearch email_validator emoji et_xmlfile evaluate eventlet
executing fabric faker fakeredis falcon fastai fastapi fastavro fastjsonschema fastmcp fastparquet fasttext feedparser
filelock filetype fiona fire flake8 flasgger flask flask_caching flask_cors flask_jwt_extended flask_login flask_mail
flask_migrate flask_restful flask_restx flask_socketio flask_sqlalchemy flask_wtf flax folium fontTools formulaic
freezegun frozendict frozenlist fsspec furl fuzzywuzzy gensim geoalchemy2 geopandas geopy gevent ghapi gitdb glom
gmpy2 google_auth_oauthlib gradio graphene graphql_relay graphviz greenlet grpclib gspread gunicorn gym gymnasium h11
h2 h5netcdf h5py hdbscan hiredis html2text html5lib httpcore httplib2 httptools httpx huggingface_hub humanfriendly
humanize hvac hvplot hypercorn hypothesis icecream idna igraph imagehash imageio imageio_ffmpeg importlib_metadata
importlib_resources imutils inflect inflection influxdb_client iniconfig injector instructor invoke ipaddress ipdb
ipykernel IPython ipython_genutils ipywidgets isodate isort itsdangerous jax jaxlib jedi jieba jinja2 jiwer jmespath
joblib json5 json_repair jsonlines jsonpatch jsonpath_ng jsonpickle jsonpointer jsonref jsonschema jupyter jupyterlab
jupytext kaleido kazoo keras keyring kivy kiwisolver kombu kornia kubernetes langchain langchain_anthropic
langchain_chroma langchain_community langchain_core langchain_openai langchain_text_splitters langdetect langfuse
langgraph langid langsmith lark ldap3 Levenshtein libcst librosa lightgbm lightning limits line_profiler litellm
llama_index llvmlite locust loguru lxml lz4 mako marimo markdown markdown2 markdownify marko marshmallow
marshmallow_sqlalchemy matplotlib mcp mechanicalsoup mercantile mimesis mistletoe mistralai mistune mlflow mlxtend
mmh3 mock mongoengine more_itertools moto motor moviepy mplfinance mpmath msal msgpack msgspec multidict multiprocess
munch mypy natsort nbclient nbconvert nbformat neo4j netaddr netCDF4 netifaces networkx nevergrad nibabel nicegui nltk
numba numexpr numpy numpyro oauthlib ollama omegaconf onnx onnxruntime openai openbabel openpyxl optax optuna oracledb
orderedmultidict orjson outlines packaging pandas pandera panel papermill param paramiko parsedatetime parsel
parsimonious parso passlib path pathos pathspec patsy pdf2image pdfplumber peewee peft pendulum periodictable petl
pexpect pgvector phonenumbers pika pikepdf pinecone pingouin pint pip pipenv platformdirs playwright plotly plotnine
pluggy ply pmdarima podman poetry polars pony portalocker posthog praw prefect prettytable prometheus_client
prompt_toolkit propcache prophet psutil psycopg ptyprocess pulp py2neo pyarrow pyasn1 pyaudio pyautogui pybind11
pybreaker pycountry pycparser pycurl pydantic pydantic_ai pydantic_core pydantic_settings pydeck pydot pydub pyee
pyfiglet pyflakes pygal pygame pygit2 pyglet pygments pykka pylint pymc pymc3 pymilvus pymongo pymssql pymupdf pymysql
pynput pyodbc pyotp pyparsing pypdf PyPDF2 pyperclip pyproj PyQt5 PyQt6 pyqtgraph pyrogram PySide2 PySide6 pysnmp
pyspark pystan pytesseract pytest pytest_asyncio pytest_mock pytorch_lightning pyttsx3 pytz pyvis pyvista pyzbar
qdrant_client qrcode quart questionary rapidfuzz rasterio ray rdflib rdkit readchar redis regex reportlab requests
requests_cache requests_mock requests_oauthlib requests_toolbelt responses retry retrying rich ripgrepy ruff s3fs
s3transfer sacrebleu sacremoses salib sanic scapy schedule schema scipy scrapy seaborn selenium semver sendgrid
sentence_transformers sentencepiece sentry_sdk setuptools setuptools_scm sgqlc shap shapely shellingham shortuuid
simple_salesforce simplejson simpy six slack_bolt slack_sdk smbus smolagents sniffio snowballstemmer snscrape
sortedcontainers sounddevice soundfile soupsieve spacy sphinx sqlalchemy sqlalchemy_utils sqlglot sqlite_utils
sqlmodel sqlparse sse_starlette sshtunnel starlette statsmodels streamlit stripe structlog supabase sympy tables
tablib tabulate tblib telethon tenacity tensorboard tensorboardX tensorflow tensorflow_addons tensorflow_datasets
tensorflow_hub tensorflow_probability termcolor testcontainers textblob textdistance textual tf_keras thefuzz tifffile
tiktoken timm tinydb tldextract tokenizers toml tomli tomli_w tomlkit toolz torch torch_geometric torchaudio
torchmetrics torchtext torchvision tornado tox tqdm traitlets transformers trio triton trl tsfresh tweepy twilio
twisted typeguard typer typing_extensions tzdata tzlocal tzwhere ujson ultralytics unidecode unstructured uritemplate
url_normalize urllib3 urwid usaddress uvicorn uvloop validators vcrpy virtualenv voluptuous waitress wandb watchdog
watchfiles wcwidth weasyprint webargs webcolors webdriver_manager websockets werkzeug wheel whitenoise whoosh
wikipedia wordcloud wrapt wtforms xarray xformers xgboost xlrd xlsxwriter xlwings xlwt xmltodict xxhash yarl yfinance
youtube_dl yt_dlp zarr zeep zipp zstandard
"""

_OTHER_NAME = """
absl=absl-py airflow=apache-airflow antlr4=antlr4-python3-runtime attr=attrs autogen=pyautogen azure=azure-core
barcode=python-barcode binance=python-binance Bio=biopython bluetooth=PyBluez box=python-box bs4=beautifulsoup4
bson=pymongo can=python-can cassandra=cassandra-driver community=python-louvain corsheaders=django-cors-headers
crispy_forms=django-crispy-forms Crypto=pycryptodome Cryptodome=pycryptodomex cv2=opencv-python
dateutil=python-dateutil decouple=python-decouple discord=discord.py django_filters=django-filter dns=dnspython
docx=python-docx dotenv=python-dotenv ee=earthengine-api engineio=python-engineio environ=django-environ
factory=factory-boy faiss=faiss-cpu ffmpeg=ffmpeg-python fitz=PyMuPDF gi=PyGObject git=GitPython github=PyGithub
gitlab=python-gitlab google=google-api-core googleapiclient=google-api-python-client graphql=graphql-core grpc=grpcio
grpc_tools=grpcio-tools guardrails=guardrails-ai haiku=dm-haiku haystack=haystack-ai hydra=hydra-core
imblearn=imbalanced-learn jose=python-jose jwt=PyJWT kafka=kafka-python ldap=python-ldap llama_cpp=llama-cpp-python
magic=python-magic markdown_it=markdown-it-py mpl_finance=mplfinance mpl_toolkits=matplotlib
multipart=python-multipart mysql=mysql-connector-python MySQLdb=mysqlclient nacl=PyNaCl nats=nats-py odf=odfpy
OpenGL=PyOpenGL opensearchpy=opensearch-py OpenSSL=pyOpenSSL osgeo=GDAL paddle=paddlepaddle paho=paho-mqtt past=future
pdfminer=pdfminer.six PIL=pillow pkg_resources=setuptools psycopg2=psycopg2-binary pynvml=nvidia-ml-py pyro=pyro-ppl
pythoncom=pywin32 pythonjsonlogger=python-json-logger pywintypes=pywin32 pywt=PyWavelets pyximport=Cython
readability=readability-lxml rest_framework=djangorestframework rest_framework_simplejwt=djangorestframework-simplejwt
ruamel=ruamel.yaml salesforce=simple-salesforce seleniumwire=selenium-wire serial=pyserial sgmllib=sgmllib3k
skbuild=scikit-build skimage=scikit-image sklearn=scikit-learn skopt=scikit-optimize sksurv=scikit-survival
slack=slackclient slugify=python-slugify snappy=python-snappy snowflake=snowflake-connector-python
socketio=python-socketio socks=PySocks speech_recognition=SpeechRecognition strawberry=strawberry-graphql
surprise=scikit-surprise tabula=tabula-py telebot=pyTelegramBotAPI telegram=python-telegram-bot tortoise=tortoise-orm
umap=umap-learn usb=pyusb vcr=vcrpy vlc=python-vlc weaviate=weaviate-client websocket=websocket-client
webview=pywebview whisper=openai-whisper wikipediaapi=Wikipedia-API win32api=pywin32 win32com=pywin32 win32con=pywin32
win32gui=pywin32 wx=wxPython Xlib=python-xlib yaml=PyYAML z3=z3-solver zmq=pyzmq zope=zope.interface
"""


@cache
def distributions() -> Mapping[str, str]:
    """Top-level import name to the distribution that brings it."""
    table = {name: name.replace("_", "-") for name in _SAME_NAME.split()}
    for entry in _OTHER_NAME.split():
        name, _, distribution = entry.partition("=")
        table[name] = distribution
    return MappingProxyType(table)


def distribution_of(module: str) -> str | None:
    """The distribution known to bring a top-level module."""
    return distributions().get(module)
