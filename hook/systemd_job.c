/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_job - how a job ends
 *
 * systemd answers a call that starts or stops something with the path of a job,
 * and says later, with the signal JobRemoved, how it ended. The signal may be seen
 * before or after the answer. So every end of a job of the unit in question is
 * remembered from before the call, and the job's path is looked for among them.
 *
 * On the manager's own socket signals always come. A message bus passes on what
 * was asked for: the rule for this one unit is sent ahead of the call, and nobody
 * waits for its confirmation, because a connection's messages keep their order.
 * Anybody on a bus can send such a signal: only that of the answer's sender counts.
 */
#include "hook/systemd_work.h"

#include <errno.h>
#include <string.h>

/* The unique name of a message's sender. Nobody but the manager speaks on its own socket,
 * where not every version of systemd says who it is. */
static const char *sender_of(const struct systemd *s, sd_bus_message *m)
{
	const char *sender = s->is_bus ? s->lib.sd_bus_message_get_sender(m) : NULL;

	return sender ? sender : "";
}

/* What every message is shown to before anything else. */
static int note_job(sd_bus_message *m, void *data, sd_bus_error *ignored)
{
	const char *path, *unit, *result;
	struct systemd *s = data;
	struct systemd_job *job;
	uint32_t id;

	(void)ignored;
	if (s->lib.sd_bus_message_is_signal(m, SYSTEMD_MANAGER, "JobRemoved") <= 0 ||
	    s->lib.sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (s->unit && strcmp(unit, s->unit) == 0) {
		job = ARENA_APPEND(s->arena, s->jobs, s->n_jobs);
		job->path = arena_printf(s->arena, "%s", path);
		job->result = arena_printf(s->arena, "%s", result);
		job->sender = arena_printf(s->arena, "%s", sender_of(s, m));
	}
	return 0;
}

/* The answer to what the message bus was asked: of interest only when it is a refusal. */
static int note_refusal(sd_bus_message *m, void *data, sd_bus_error *ignored)
{
	struct systemd *s = data;
	const sd_bus_error *error = s->lib.sd_bus_message_get_error(m);

	(void)ignored;
	if (error && !s->refusal)
		s->refusal = arena_printf(s->arena, "%s (%s)", error->message ? error->message : "",
					  error->name);
	return 0;
}

/* Ask the message bus, and systemd, for signals about that unit. */
static void ask_for_signals(struct systemd *s, const char *unit)
{
	const char *rule =
	    arena_printf(s->arena,
			 "type='signal',sender='" SYSTEMD_NAME "',path='" SYSTEMD_PATH
			 "',interface='" SYSTEMD_MANAGER "',member='JobRemoved',arg2='%s'",
			 unit);
	sd_bus_message *m = NULL;

	if (s->lib.sd_bus_message_new_method_call(s->bus, &m, "org.freedesktop.DBus",
						  "/org/freedesktop/DBus", "org.freedesktop.DBus",
						  "AddMatch") >= 0 &&
	    s->lib.sd_bus_message_append(m, "s", rule) >= 0)
		s->lib.sd_bus_call_async(s->bus, NULL, m, note_refusal, s, UINT64_MAX);
	s->lib.sd_bus_message_unref(m);
	if (s->subscribed)
		return;
	m = systemd_new_call(s, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe");
	if (m && s->lib.sd_bus_message_set_expect_reply(m, 0) >= 0)
		s->lib.sd_bus_send(s->bus, m, NULL);
	s->lib.sd_bus_message_unref(m);
	s->subscribed = true;
}

void systemd_job_watch(struct systemd *s, const char *unit)
{
	bool first = !s->unit;

	if (!first && strcmp(s->unit, unit) == 0)
		return;
	s->unit = arena_printf(s->arena, "%s", unit);
	s->n_jobs = 0;
	if (first)
		s->lib.sd_bus_add_filter(s->bus, NULL, note_job, s);
	if (s->is_bus)
		ask_for_signals(s, unit);
}

static const char *result_of(const struct systemd *s, const char *path, const char *sender)
{
	for (size_t i = 0; i < s->n_jobs; i++)
		if (strcmp(s->jobs[i].path, path) == 0 && strcmp(s->jobs[i].sender, sender) == 0)
			return s->jobs[i].result;
	return NULL;
}

/* Take in what comes, or wait for it. Negative errno. */
static int take_in(struct systemd *s)
{
	uint64_t left = systemd_left(s);
	int r;

	if (!left)
		return -ETIMEDOUT;
	r = s->lib.sd_bus_process(s->bus, NULL);
	if (r == 0)
		r = s->lib.sd_bus_wait(s->bus, left);
	return r == -EINTR ? 0 : r;
}

int systemd_job_wait(const char **ret_result, struct systemd *s,
		     const struct systemd_answer *answer, const struct systemd_context *c,
		     struct error *e)
{
	const char *path = NULL, *sender = sender_of(s, answer->reply), *result;
	int r;

	r = s->lib.sd_bus_message_read(answer->reply, "o", &path);
	if (r < 0)
		return error_set_os(e, ERROR_FAILED, -r,
				    "%s of %s: systemd's answer does not name a job", c->member,
				    c->unit);
	s->awaited = arena_printf(s->arena, "%s", path);
	while (!(result = result_of(s, path, sender))) {
		if (s->refusal)
			return error_set(e, ERROR_FAILED,
					 "%s of %s: the message bus does not let us see whether it "
					 "is done: %s",
					 c->member, c->unit, s->refusal);
		r = take_in(s);
		if (r < 0)
			break;
	}
	if (!result) {
		struct systemd_answer silence = {
		    .name = "", .text = strerror(-r), .os = -r, .silence = true};

		return systemd_explain(e, ERROR_FAILED, s, c, &silence);
	}
	*ret_result = result;
	return 0;
}
