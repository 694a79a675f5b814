/*-------------------------------------------------------------------------
 *
 * curlerr.c
 *		What a failed transfer means: fault type, SQLSTATE, retry class, hint.
 *
 * Three witnesses, the most telling first: what we refused ourselves (address,
 * size, disk), what the server said (FTP reply, HTTP status), what libcurl saw.
 *
 * Memory: the fault's strings live in the current context.
 * Errors: none thrown.  Details hold no text in which a secret of the request
 *		   occurs.
 * Source: RFC 959 section 4.2 (FTP replies), RFC 9110 section 15 (HTTP),
 *		   libcurl-errors(3).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <curl/curl.h>

#include "lib/stringinfo.h"

#include "base/guc.h"
#include "net/curlerr.h"

#define EXCERPT_CHARS	200

/* How a failure ends a run, before it is known whether source or destination. */
typedef enum Meaning
{
	MEANS_UNREACHABLE,			/* no connection, a broken one, a timeout */
	MEANS_FULL,					/* no room over there */
	MEANS_REFUSED				/* an answer, but no */
} Meaning;

typedef struct CurlCase
{
	CURLcode	code;
	int			sqlstate;
	bool		retryable;
	Meaning		meaning;
	const char *words;			/* completes "<place>: " */
	const char *hint;
} CurlCase;

static const CurlCase curl_cases[] = {
	{CURLE_UNSUPPORTED_PROTOCOL, ERRCODE_FEATURE_NOT_SUPPORTED, false, MEANS_REFUSED,
	"protocol is not supported", NULL},
	{CURLE_URL_MALFORMAT, ERRCODE_INVALID_PARAMETER_VALUE, false, MEANS_REFUSED,
	"address cannot be understood", NULL},
	{CURLE_COULDNT_RESOLVE_HOST, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, true, MEANS_UNREACHABLE,
	"could not resolve host name", "Check the host name and the name service of the database server."},
	{CURLE_COULDNT_CONNECT, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, true, MEANS_UNREACHABLE,
	"could not connect", "Check host and port, and whether a firewall lies between."},
	{CURLE_WEIRD_SERVER_REPLY, ERRCODE_PROTOCOL_VIOLATION, true, MEANS_UNREACHABLE,
	"server answered with something else than expected", "Check that the port belongs to the protocol, and the setting \"tls\"."},
	{CURLE_REMOTE_ACCESS_DENIED, ERRCODE_INSUFFICIENT_PRIVILEGE, false, MEANS_REFUSED,
	"server denied access", NULL},
	{CURLE_FTP_ACCEPT_TIMEOUT, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE,
	"data connection timed out", NULL},
	{CURLE_FTP_WEIRD_PASV_REPLY, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE,
	"server offered no data connection", NULL},
	{CURLE_FTP_WEIRD_227_FORMAT, ERRCODE_PROTOCOL_VIOLATION, true, MEANS_UNREACHABLE,
	"server offered no data connection", NULL},
	{CURLE_PARTIAL_FILE, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE,
	"connection ended before everything was transferred", NULL},
	{CURLE_FTP_COULDNT_RETR_FILE, ERRCODE_UNDEFINED_FILE, false, MEANS_REFUSED,
	"server does not hand out the file or folder", NULL},
	{CURLE_QUOTE_ERROR, ERRCODE_INSUFFICIENT_PRIVILEGE, false, MEANS_REFUSED,
	"server refused a command", NULL},
	{CURLE_UPLOAD_FAILED, ERRCODE_INSUFFICIENT_PRIVILEGE, false, MEANS_REFUSED,
	"server refused the upload", "Check that the folder exists and the user may write there."},
	{CURLE_OPERATION_TIMEDOUT, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE,
	"server did not answer in time", NULL},
	{CURLE_SSL_CONNECT_ERROR, ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION, true, MEANS_UNREACHABLE,
	"TLS handshake failed", "Check that the port speaks TLS."},
	{CURLE_GOT_NOTHING, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE,
	"server closed the connection without an answer", NULL},
	{CURLE_SEND_ERROR, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE,
	"connection broke while sending", NULL},
	{CURLE_RECV_ERROR, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE,
	"connection broke while receiving", NULL},
	{CURLE_HTTP2, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE,
	"connection broke", NULL},
	{CURLE_HTTP2_STREAM, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE,
	"connection broke", NULL},
	{CURLE_BAD_CONTENT_ENCODING, ERRCODE_PROTOCOL_VIOLATION, false, MEANS_REFUSED,
	"answer is compressed in a way that cannot be undone", NULL},
	{CURLE_PEER_FAILED_VERIFICATION, ERRCODE_SQLSERVER_REJECTED_ESTABLISHMENT_OF_SQLCONNECTION, false, MEANS_REFUSED,
	"certificate of the server cannot be trusted", "Check the host name; give the issuer of a private certificate as \"ca_certificate\" (PEM text)."},
	{CURLE_SSL_CACERT_BADFILE, ERRCODE_INVALID_PARAMETER_VALUE, false, MEANS_REFUSED,
	"configuration.ca_certificate holds no certificate", "Give the certificate of the issuer as PEM text."},
	{CURLE_USE_SSL_FAILED, ERRCODE_SQLSERVER_REJECTED_ESTABLISHMENT_OF_SQLCONNECTION, false, MEANS_REFUSED,
	"server offers no TLS", "Set \"tls\" to \"none\" only where password and data may be read on the way."},
	{CURLE_LOGIN_DENIED, ERRCODE_INVALID_PASSWORD, false, MEANS_UNREACHABLE,
	"server refused user name or password", "Check \"username\" and \"password\" of the connector."},
	{CURLE_REMOTE_DISK_FULL, ERRCODE_DISK_FULL, false, MEANS_FULL,
	"no space left at the destination, or quota exceeded", "Free space there and run again."},
	{CURLE_REMOTE_FILE_NOT_FOUND, ERRCODE_UNDEFINED_FILE, false, MEANS_REFUSED,
	"file does not exist", NULL},
	{CURLE_OUT_OF_MEMORY, ERRCODE_OUT_OF_MEMORY, true, MEANS_UNREACHABLE,
	"out of memory in libcurl", NULL},
};

static const CurlCase unknown_case = {CURLE_OK, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE,
"transfer failed", NULL};

static NvpFaultType
fault_type(NvpNetAct act, Meaning meaning)
{
	if (act != NVP_NET_STORE)
		return NVP_SOURCE_UNRESPONSIVE;
	switch (meaning)
	{
		case MEANS_FULL:
			return NVP_DESTINATION_SIZE_LIMIT;
		case MEANS_REFUSED:
			return NVP_WRITE_FILE_FAILURE;
		case MEANS_UNREACHABLE:
			break;
	}
	return NVP_DESTINATION_UNRESPONSIVE;
}

/* Does text repeat something that the request kept secret? */
static bool
repeats_secret(const NvpRequest *request, const char *text)
{
	if (request->password && *request->password && strstr(text, request->password))
		return true;
	if (request->body && request->body_bytes > 0 && strstr(text, request->body))
		return true;
	for (char **line = request->headers; line && *line; line++)
	{
		const char *value = strchr(*line, ':');

		if (value && strlen(value) > 2 && strstr(text, value + 2))
			return true;
	}
	return false;
}

/* A detail that can be shown: printable ASCII, not too long, no secrets. */
static void
add_detail(NvpFault *fault, const NvpRequest *request, const char *label, const char *text)
{
	StringInfoData buf;

	if (!text || !*text || repeats_secret(request, text))
		return;
	initStringInfo(&buf);
	for (; *text && buf.len < EXCERPT_CHARS; text++)
	{
		unsigned char c = (unsigned char) *text;

		if (c >= ' ' && c < 0x7f)
			appendStringInfoChar(&buf, c);
		else if (buf.len > 0 && buf.data[buf.len - 1] != ' ')
			appendStringInfoChar(&buf, c < ' ' ? ' ' : '?');
	}
	nvp_fault_detail(fault, "%s: %s%s", label, buf.data, *text ? " ..." : "");
}

/* What we refused ourselves.  True when that was the reason. */
static bool
own_refusal(NvpFault *fault, const NvpRequest *request, const NvpResponse *response,
			NvpNetAct act, const char *place)
{
	NvpSpool   *spool = request->download ? request->download : request->upload;

	if (response->denied[0])
	{
		nvp_fault_set(fault, fault_type(act, MEANS_UNREACHABLE), ERRCODE_INSUFFICIENT_PRIVILEGE,
					  false, "%s: address %s is not allowed", place, response->denied);
		nvp_fault_hint(fault, "To let connectors reach this network, an administrator adds it to nuvopipe.allowed_networks.");
		return true;
	}
	if (response->too_large && request->max_bytes > 0)
	{
		nvp_fault_set(fault, fault_type(act, MEANS_FULL), ERRCODE_PROGRAM_LIMIT_EXCEEDED, false,
					  "%s: answer is larger than " INT64_FORMAT " bytes", place, request->max_bytes);
		nvp_fault_hint(fault, "An administrator may raise nuvopipe.max_object_size.");
		return true;
	}
	if (response->too_large)
	{
		nvp_fault_set(fault, fault_type(act, MEANS_FULL), ERRCODE_PROGRAM_LIMIT_EXCEEDED, false,
					  "%s: listing is too large", place);
		return true;
	}
	if (response->sink_failed)
	{
		if (spool && spool->error)
			nvp_spool_fault(spool, fault, psprintf("the data of %s", place));
		else
			nvp_fault_set(fault, NVP_WRITE_FILE_FAILURE, ERRCODE_IO_ERROR, true, "%s: could not read temporary file", place);
		return true;
	}
	return false;
}

/* Do the words of a reply speak of a missing file or folder? */
static bool
says_missing(const char *reply)
{
	static const char *const words[] = {"no such", "not found", "cannot find", "not exist", NULL};
	char		lower[NVP_NET_LINE];

	strlcpy(lower, reply, sizeof(lower));
	for (char *p = lower; *p; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	for (int i = 0; words[i]; i++)
		if (strstr(lower, words[i]))
			return true;
	return false;
}

static void
refuse(CurlCase *seen, int sqlstate, const char *words)
{
	seen->meaning = MEANS_REFUSED;
	seen->sqlstate = sqlstate;
	seen->retryable = false;
	seen->words = words;
}

/* The FTP reply corrects what libcurl made of it. */
static void
weigh_reply(CurlCase *seen, const NvpResponse *response)
{
	int			reply = atoi(response->reply);

	if (reply == 452 || reply == 552)
	{
		seen->meaning = MEANS_FULL;
		seen->sqlstate = ERRCODE_DISK_FULL;
		seen->retryable = reply == 452;
		seen->words = "no space left at the server, or quota exceeded";
		seen->hint = "Free space there and run again.";
	}
	else if (says_missing(response->reply))
		refuse(seen, ERRCODE_UNDEFINED_FILE, "file or folder does not exist");
	else if (reply >= 400 && reply < 500)
	{
		/* "try again later", RFC 959 */
		seen->meaning = MEANS_UNREACHABLE;
		seen->sqlstate = ERRCODE_CONNECTION_FAILURE;
		seen->retryable = true;
	}
	else if ((reply == 550 || reply == 553 || reply == 532) &&
			 seen->code != CURLE_OPERATION_TIMEDOUT)
		refuse(seen, ERRCODE_INSUFFICIENT_PRIVILEGE, "server refused access");
}

/*
 * nvp_net_fault fills the fault for a transfer that nvp_net_perform gave up.
 *
 * in: place: what is shown as the place, without secrets.
 * out: false, so that callers can return it.
 */
bool
nvp_net_fault(NvpFault *fault, const NvpRequest *request, const NvpResponse *response,
			  NvpNetAct act, const char *place)
{
	CurlCase	seen = unknown_case;

	if (own_refusal(fault, request, response, act, place))
		return false;
	for (int i = 0; i < lengthof(curl_cases); i++)
		if (curl_cases[i].code == (CURLcode) response->code)
			seen = curl_cases[i];
	if (response->reply[0])
		weigh_reply(&seen, response);
	nvp_fault_set(fault, fault_type(act, seen.meaning), seen.sqlstate, seen.retryable,
				  "%s: %s", place, seen.words);
	if (response->reply[0])
		add_detail(fault, request, "The server said", response->reply);
	else
		add_detail(fault, request, "The network library said", response->error);
	if (seen.hint)
		nvp_fault_hint(fault, "%s", seen.hint);
	return false;
}

typedef struct HttpCase
{
	int			status;
	int			sqlstate;
	bool		retryable;
	Meaning		meaning;
	const char *hint;
} HttpCase;

static const HttpCase http_cases[] = {
	{401, ERRCODE_INVALID_PASSWORD, false, MEANS_REFUSED, "Check the credentials of the connector: headers, username and password, or authentication."},
	{403, ERRCODE_INSUFFICIENT_PRIVILEGE, false, MEANS_REFUSED, "The server knows these credentials but denies access, or wants others."},
	{404, ERRCODE_UNDEFINED_FILE, false, MEANS_REFUSED, "Check the URL."},
	{405, ERRCODE_INSUFFICIENT_PRIVILEGE, false, MEANS_REFUSED, "Check \"method\" of the connector."},
	{407, ERRCODE_INVALID_PASSWORD, false, MEANS_REFUSED, NULL},
	{408, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE, NULL},
	{410, ERRCODE_UNDEFINED_FILE, false, MEANS_REFUSED, "Check the URL."},
	{413, ERRCODE_PROGRAM_LIMIT_EXCEEDED, false, MEANS_FULL, "The server does not take a body of this size."},
	{421, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE, NULL},
	{423, ERRCODE_LOCK_NOT_AVAILABLE, true, MEANS_UNREACHABLE, NULL},
	{425, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE, NULL},
	{429, ERRCODE_CONNECTION_FAILURE, true, MEANS_UNREACHABLE, "The server asks for fewer calls."},
	{501, ERRCODE_FEATURE_NOT_SUPPORTED, false, MEANS_REFUSED, "Check \"method\" of the connector."},
	{505, ERRCODE_FEATURE_NOT_SUPPORTED, false, MEANS_REFUSED, NULL},
	{507, ERRCODE_DISK_FULL, false, MEANS_FULL, "Free space there and run again."},
};

/*
 * nvp_http_fault fills the fault for an HTTP status of 300 or more.
 *
 * out: false; retry_after_ms as the server asked.
 */
bool
nvp_http_fault(NvpFault *fault, const NvpRequest *request, const NvpResponse *response,
			   NvpNetAct act, const char *place)
{
	bool		server_side = response->status >= 500;
	HttpCase	seen = {response->status, ERRCODE_CONNECTION_FAILURE, server_side,
	server_side ? MEANS_UNREACHABLE : MEANS_REFUSED, NULL};

	for (int i = 0; i < lengthof(http_cases); i++)
		if (http_cases[i].status == response->status)
			seen = http_cases[i];
	nvp_fault_set(fault, fault_type(act, seen.meaning), seen.sqlstate, seen.retryable,
				  "%s: server answered with status %d", place, response->status);
	fault->retry_after_ms = seen.retryable ? response->retry_after_ms : 0;
	if (pg_strncasecmp(response->content_type, "text/html", 9) != 0)
		add_detail(fault, request, "The server said", response->text);
	if (seen.hint)
		nvp_fault_hint(fault, "%s", seen.hint);
	return false;
}
