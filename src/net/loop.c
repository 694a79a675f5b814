/*-------------------------------------------------------------------------
 *
 * loop.c
 *		Drives one libcurl transfer from the server's own wait loop.
 *
 * Flow:   libcurl tells its sockets and its next deadline by callbacks; they go
 *		   into a WaitEventSet beside the process latch and the postmaster's
 *		   death; what becomes ready is handed back to libcurl.
 * Memory: the WaitEventSet lives as long as the set of sockets stays the same,
 *		   at the longest until nvp_net_end_wait.
 * Errors: an interrupt is thrown from here, never from within libcurl; the
 *		   caller throws the handles away then.
 * Notes:  - All signals are blocked while libcurl runs: it makes threads for
 *			 name resolution, which inherit the mask; otherwise the server's
 *			 signal handlers would run in them.
 *		   - libcurl before 8 sometimes waits for ever for an event when it
 *			 opens the data connection of FTP; a look at everything every
 *			 10 ms while FTP is active gets it going.
 *		   - After the last byte of an upload by FTP libcurl waits for the
 *			 server's word itself, as long as that takes; it asks us every
 *			 second whether to go on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/latch.h"
#include "utils/wait_event.h"

#include "base/compat.h"
#include "base/deadline.h"
#include "net/internal.h"

#define FTP_KICK_MS			10
#define LONGEST_WAIT_MS		200
#define IDLE_HOOK_US		INT64CONST(1000000)
#define PROGRESS_US			INT64CONST(500000)

static void (*idle_hook) (void) = NULL;

/*
 * nvp_net_set_idle_hook sets what is called about once a second while a
 * transfer waits or runs: the place where a worker renews its lease.  The hook
 * may throw; the transfer is then cleaned up.
 */
void
nvp_net_set_idle_hook(void (*hook) (void))
{
	idle_hook = hook;
}

static int64
now_us(void)
{
	instr_time	t;

	INSTR_TIME_SET_CURRENT(t);
	return (int64) INSTR_TIME_GET_MICROSEC(t);
}

/* nvp_net_block_signals blocks every signal that is not a fault of our own. */
void
nvp_net_block_signals(sigset_t *saved)
{
	sigset_t	all;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	sigprocmask(SIG_SETMASK, &all, saved);
}

void
nvp_net_restore_signals(const sigset_t *saved)
{
	sigprocmask(SIG_SETMASK, saved, NULL);
}

/* Give up when a signal is waiting that wants this process to. */
static int
abort_callback(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	static const int heeded[] = {SIGINT, SIGTERM, SIGQUIT, SIGPWR};	/* the last is the postmaster's death */
	sigset_t	pending;

	sigpending(&pending);
	for (int i = 0; i < lengthof(heeded); i++)
		if (sigismember(&pending, heeded[i]))
			return 1;
	return sigismember(&pending, SIGALRM) && nvp_deadline_is_due();
}

/* nvp_net_heed_signals lets a transfer be left where libcurl waits by itself. */
void
nvp_net_heed_signals(NvpNet *net)
{
	curl_easy_setopt(net->easy, CURLOPT_XFERINFOFUNCTION, abort_callback);
	curl_easy_setopt(net->easy, CURLOPT_NOPROGRESS, 0L);
}

/* libcurl's word on what to wait for at a socket.  Never throws. */
static int
socket_callback(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	NvpNet	   *net = arg;
	int			i;

	for (i = 0; i < net->nsockets; i++)
		if (net->sockets[i].fd == fd)
			break;
	net->dirty = true;
	if (what == CURL_POLL_REMOVE)
	{
		if (i < net->nsockets)
			net->sockets[i] = net->sockets[--net->nsockets];
		return 0;
	}
	if (i == NVP_NET_SOCKETS)
	{
		net->overflow = true;
		return -1;
	}
	if (i == net->nsockets)
		net->nsockets++;
	net->sockets[i].fd = fd;
	net->sockets[i].what = what;
	return 0;
}

/* libcurl's word on when to call it at the latest.  Never throws. */
static int
timer_callback(CURLM *multi, long timeout_ms, void *arg)
{
	NvpNet	   *net = arg;

	net->deadline_us = timeout_ms < 0 ? 0 : now_us() + timeout_ms * INT64CONST(1000);
	return 0;
}

/* nvp_net_bind_loop makes a new multi handle report to this loop. */
void
nvp_net_bind_loop(NvpNet *net)
{
	net->nsockets = 0;
	net->deadline_us = 0;
	net->overflow = false;
	curl_multi_setopt(net->multi, CURLMOPT_SOCKETFUNCTION, socket_callback);
	curl_multi_setopt(net->multi, CURLMOPT_SOCKETDATA, net);
	curl_multi_setopt(net->multi, CURLMOPT_TIMERFUNCTION, timer_callback);
	curl_multi_setopt(net->multi, CURLMOPT_TIMERDATA, net);
}

/* The latch, the postmaster and libcurl's sockets of this moment. */
static void
make_wait_set(NvpNet *net)
{
	WaitEventSet *set = nvp_create_wait_event_set(net->nsockets + 2);

	net->wait_set = set;
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	for (int i = 0; i < net->nsockets; i++)
	{
		uint32		events = 0;

		if (net->sockets[i].what & CURL_POLL_IN)
			events |= WL_SOCKET_READABLE;
		if (net->sockets[i].what & CURL_POLL_OUT)
			events |= WL_SOCKET_WRITEABLE;
		if (events)
			AddWaitEventToSet(set, events, net->sockets[i].fd, NULL, NULL);
	}
	net->dirty = false;
}

static long
wait_ms(const NvpNet *net, bool is_ftp)
{
	int64		ms = is_ftp ? FTP_KICK_MS : LONGEST_WAIT_MS;

	if (net->deadline_us)
	{
		int64		left = (net->deadline_us - now_us() + 999) / 1000;

		ms = Min(ms, Max(left, 0));
	}
	return (long) ms;
}

/* Hand libcurl one ready socket, or CURL_SOCKET_TIMEOUT for its timer. */
static void
drive_socket(NvpNet *net, curl_socket_t fd, int flags, int *running)
{
	sigset_t	saved;

	nvp_net_block_signals(&saved);
	curl_multi_socket_action(net->multi, fd, flags, running);
	nvp_net_restore_signals(&saved);
}

/*
 * Look at everything, whatever events there were.  curl_multi_perform alone
 * would not tell us the sockets it opens; the function that does is declared
 * deprecated because it is slow with thousands of handles: we have one.
 */
static void
kick(NvpNet *net, int *running)
{
	sigset_t	saved;

	nvp_net_block_signals(&saved);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	curl_multi_socket_all(net->multi, running);
#pragma GCC diagnostic pop
	nvp_net_restore_signals(&saved);
}

/* What became ready: sockets to libcurl, the latch to us. */
static void
serve_events(NvpNet *net, const WaitEvent *events, int n, int *running)
{
	for (int i = 0; i < n; i++)
	{
		int			flags = 0;

		if (events[i].events & WL_LATCH_SET)
			ResetLatch(MyLatch);
		if (events[i].events & WL_SOCKET_READABLE)
			flags |= CURL_CSELECT_IN;
		if (events[i].events & WL_SOCKET_WRITEABLE)
			flags |= CURL_CSELECT_OUT;
		/* an earlier event may have made libcurl close this socket */
		for (int s = 0; flags && s < net->nsockets; s++)
			if (net->sockets[s].fd == events[i].fd)
			{
				drive_socket(net, events[i].fd, flags, running);
				break;
			}
	}
}

/* The once-a-second duties; may throw. */
static void
call_hooks(NvpNet *net, int64 *next_hook, int64 *next_progress)
{
	const NvpRequest *request = net->request;
	int64		now = now_us();

	if (request->progress && now >= *next_progress)
	{
		*next_progress = now + PROGRESS_US;
		if (request->upload)
			request->progress(request->progress_arg, net->upload_offset, request->upload->size);
		else
		{
			curl_off_t	total = -1;

			curl_easy_getinfo(net->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &total);
			request->progress(request->progress_arg, net->response->received, total);
		}
	}
	if (idle_hook && now >= *next_hook)
	{
		*next_hook = now + IDLE_HOOK_US;
		idle_hook();
	}
}

/* Is the transfer over?  Then its result. */
static bool
take_result(NvpNet *net, CURLcode *result)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(net->multi, &left)))
		if (message->msg == CURLMSG_DONE)
		{
			*result = message->data.result;
			return true;
		}
	return false;
}

/* One round: wait, then let libcurl work. */
static void
turn(NvpNet *net, bool is_ftp, uint32 wait_event, int *running)
{
	WaitEvent	events[NVP_NET_SOCKETS + 2];
	int			n = WaitEventSetWait(net->wait_set, wait_ms(net, is_ftp), events,
									 lengthof(events), wait_event);

	serve_events(net, events, n, running);
	if (is_ftp)
		kick(net, running);
	if (net->deadline_us && net->deadline_us <= now_us())
	{
		net->deadline_us = 0;
		drive_socket(net, CURL_SOCKET_TIMEOUT, 0, running);
	}
	CHECK_FOR_INTERRUPTS();
}

/* nvp_net_end_wait frees the wait set; the caller does so on all paths. */
void
nvp_net_end_wait(NvpNet *net)
{
	if (net->wait_set)
		FreeWaitEventSet(net->wait_set);
	net->wait_set = NULL;
}

/*
 * nvp_net_loop runs the transfer whose easy handle was added to the multi
 * handle, until its end; nvp_net_end_wait must follow, also after an error.
 *
 * out: the result; false when libcurl lost track of it (a bug of libcurl or
 *		more sockets than the table holds).
 * interrupts: yes, thrown between calls of libcurl.
 */
bool
nvp_net_loop(NvpNet *net, bool is_ftp, CURLcode *result)
{
	static uint32 wait_event = 0;
	int64		next_hook = now_us() + IDLE_HOOK_US;
	int64		next_progress = 0;
	int			running = 1;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("NuvopipeNetwork");
	kick(net, &running);
	while (!take_result(net, result))
	{
		if (running == 0 || net->overflow)
			return take_result(net, result);
		if (net->dirty)
			nvp_net_end_wait(net);
		if (!net->wait_set)
			make_wait_set(net);
		turn(net, is_ftp, wait_event, &running);
		call_hooks(net, &next_hook, &next_progress);
	}
	return true;
}
