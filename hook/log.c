/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - what happened, one line each
 *
 * Informational lines appear with --debug or in a log file; a hook that has
 * nothing to complain about says nothing. A line is written with one write(2),
 * so that lines of several hooks in one file do not mix. /dev/log takes the
 * datagram without a time stamp, which journald and the syslog daemons add.
 */
#include "hook/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "oci/jsonw.h"

static struct {
	struct log_options options;
	const char *id;
	int fd;
} state = {.fd = STDERR_FILENO};

static const struct {
	const char *name;
	int priority;
} levels[] = {
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
};

int log_open(const struct log_options *o, struct error *e)
{
	state.options = *o;
	if (!o->file)
		return 0;
	state.fd = open(o->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (state.fd < 0) {
		state.fd = STDERR_FILENO;
		return error_set_os(e, ERROR_USAGE, errno, "--log %s: cannot open", o->file);
	}
	return 0;
}

void log_about(const char *id)
{
	state.id = id;
}

static void put_time(struct jsonw *w)
{
	struct timespec now = {0};
	struct tm tm = {0};
	char buf[64];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	snprintf(buf, sizeof(buf), "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 now.tv_nsec / 1000000);
	jsonw_string(w, "time", buf);
}

static void format_json(struct text *out, enum log_level level, const char *message)
{
	struct jsonw w = {.out = out};

	jsonw_object(&w, NULL);
	put_time(&w);
	jsonw_string(&w, "level", levels[level].name);
	if (state.options.command)
		jsonw_string(&w, "command", state.options.command);
	if (state.id)
		jsonw_string(&w, "id", state.id);
	jsonw_string(&w, "message", message);
	jsonw_end_object(&w);
	text_puts(out, "\n");
}

/* "vmcg createRuntime c1: warning: ..."; an error needs no word for it. */
static void format_text(struct text *out, enum log_level level, const char *message)
{
	text_printf(out, "vmcg%s%s%s%s: %s%s%s\n", state.options.command ? " " : "",
		    state.options.command ? state.options.command : "", state.id ? " " : "",
		    state.id ? state.id : "", level == LOG_LEVEL_ERROR ? "" : levels[level].name,
		    level == LOG_LEVEL_ERROR ? "" : ": ", message);
}

/* Best effort: a host without a syslog socket is an ordinary host. */
static void send_syslog(enum log_level level, const char *message)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	struct text line = {0};
	int fd;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	text_printf(&line, "<%d>vmcg[%d]: ", LOG_DAEMON | levels[level].priority, (int)getpid());
	if (state.options.command)
		text_printf(&line, "%s ", state.options.command);
	if (state.id)
		text_printf(&line, "%s: ", state.id);
	text_puts(&line, message);
	(void)sendto(fd, line.s, line.len, MSG_NOSIGNAL, (const struct sockaddr *)&to, sizeof(to));
	text_free(&line);
	close(fd);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	struct error safe = {0}; /* escapes control characters, keeps one line */
	struct text out = {0};
	char raw[sizeof(safe.text)];
	va_list ap;

	if (level == LOG_LEVEL_DEBUG && !state.options.debug)
		return;
	if (level == LOG_LEVEL_INFO && !state.options.debug && !state.options.file)
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	error_set(&safe, ERROR_NONE, "%s", raw);
	if (state.options.json)
		format_json(&out, level, safe.text);
	else
		format_text(&out, level, safe.text);
	/* When even this fails nobody is left to tell, but syslog may be. */
	if (write(state.fd, out.s, out.len) < 0)
		state.fd = STDERR_FILENO;
	text_free(&out);
	if (state.options.syslog && level >= LOG_LEVEL_WARNING)
		send_syslog(level, safe.text);
}
