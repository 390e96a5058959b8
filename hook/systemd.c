/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd - ask systemd for a scope, change its properties, stop it
 *
 * Each function is one or two calls of the manager, of which systemd_call.c says
 * how they are made, systemd_job.c how the end of their job is awaited, and
 * systemd_error.c how a failure is told.
 */
#include "hook/systemd_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_LEFT_OUT = 3, /* properties that a systemd does not have, in one start */
	CANCEL_MS = 1000,  /* even when the time is up */
};

int systemd_open(struct systemd **ret, const struct systemd_options *o, struct arena *a,
		 struct error *e)
{
	struct systemd *s = ARENA_NEW(a, struct systemd);

	s->arena = a;
	s->options = *o;
	s->options.runtime = o->runtime ? arena_printf(a, "%s", o->runtime) : NULL;
	s->options.address = o->address ? arena_printf(a, "%s", o->address) : NULL;
	s->wait_ms = o->wait_ms ? o->wait_ms : SYSTEMD_WAIT_MS;
	if (systemd_library_load(&s->lib, o->library ? o->library : "libsystemd.so.0", e) < 0)
		return -1;
	systemd_grant(s, s->wait_ms);
	if (systemd_connect(s, e) < 0) {
		systemd_close(s);
		return -1;
	}
	*ret = s;
	return 0;
}

void systemd_close(struct systemd *s)
{
	if (s)
		systemd_disconnect(s);
}

/* A connection that was lost is made anew: while working, so a failure is one of the work. */
static int reconnect(struct systemd *s, struct error *e)
{
	int r = systemd_connect(s, e);

	if (r < 0 && e)
		e->kind = ERROR_FAILED;
	return r;
}

/* --- reading --- */

/* Ask for one property of an object; the variant's string, or NULL with the answer. */
static const char *ask_string(struct systemd_answer *answer, struct systemd *s, const char *path,
			      const char *interface, const char *property)
{
	sd_bus_message *m = systemd_new_call(s, path, SYSTEMD_PROPERTIES, "Get");
	const char *text = NULL;

	if (m && s->lib.sd_bus_message_append(m, "ss", interface, property) < 0)
		m = s->lib.sd_bus_message_unref(m);
	systemd_call(answer, s, m);
	if (answer->reply && s->lib.sd_bus_message_read(answer->reply, "v", "s", &text) < 0)
		text = NULL;
	return text;
}

int systemd_version(uint64_t *ret, struct systemd *s, struct error *e)
{
	static const struct systemd_context c = {.member = "Version"};
	struct systemd_answer answer;
	const char *text;
	int r = 0;

	if (systemd_connect(s, e) < 0)
		return -1;
	text = ask_string(&answer, s, SYSTEMD_PATH, SYSTEMD_MANAGER, "Version");
	if (answer.name)
		r = systemd_explain(e, ERROR_HOST, s, &c, &answer);
	else if (!text || !text[strcspn(text, "0123456789")])
		r = error_set(e, ERROR_HOST,
			      "systemd's property Version is \"%s\": expected a number in it, "
			      "as in 252; --cgroup-manager cgroupfs does without it",
			      text ? text : "no text");
	else
		*ret = strtoull(text + strcspn(text, "0123456789"), NULL, 10);
	systemd_answer_done(s, &answer);
	return r;
}

static bool is_text(const struct unit_properties *p, const char *name, const char *text)
{
	const struct unit_property *found = unitprop_find(p, name);

	return found && found->text && strcmp(found->text, text) == 0;
}

/* GetAll for the empty interface: the properties of all of them in one message. */
static void ask_all(struct systemd_answer *answer, struct systemd *s, const char *unit)
{
	sd_bus_message *m =
	    systemd_new_call(s, systemd_unit_path(s, unit), SYSTEMD_PROPERTIES, "GetAll");

	if (m && s->lib.sd_bus_message_append(m, "s", "") < 0)
		m = s->lib.sd_bus_message_unref(m);
	systemd_call(answer, s, m);
}

int systemd_get(struct unit_properties *ret, struct systemd *s, const char *unit,
		const char *const *names, struct error *e)
{
	static const char *const state_names[] = {"LoadState", "ActiveState", NULL};
	const struct systemd_context c = {.member = "GetAll", .unit = unit};
	struct unit_properties got = {0}, state = {0};
	struct systemd_answer answer;
	int r;

	if (reconnect(s, e) < 0)
		return -1;
	ask_all(&answer, s, unit);
	if (answer.name)
		return systemd_answer_is(&answer, SYSTEMD_NO_SUCH_UNIT)
			   ? SYSTEMD_ABSENT
			   : systemd_explain(e, ERROR_FAILED, s, &c, &answer);
	r = systemd_take(&state, s, answer.reply, state_names);
	if (r >= 0)
		r = s->lib.sd_bus_message_rewind(answer.reply, 1);
	if (r >= 0)
		r = systemd_take(&got, s, answer.reply, names);
	systemd_answer_done(s, &answer);
	if (r < 0)
		return error_set_os(e, ERROR_FAILED, -r,
				    "GetAll of %s: systemd's answer is not understood", unit);
	/* Who asks for a unit that is not there is shown an empty one. */
	if (is_text(&state, "LoadState", "not-found") && is_text(&state, "ActiveState", "inactive"))
		return SYSTEMD_ABSENT;
	*ret = got;
	return 0;
}

/* --- changing --- */

/*
 * systemd answers first and writes the unit's files then, before it takes the next message: when
 * that is answered, the files are written, and the caller's own writes come later. A connection
 * that was lost meanwhile is made anew by the second try.
 */
static int settle(struct systemd *s, const struct systemd_context *c, struct error *e)
{
	struct systemd_answer answer;

	for (int try = 1; try <= 2; try++) {
		ask_string(&answer, s, SYSTEMD_PATH, SYSTEMD_MANAGER, "Version");
		systemd_answer_done(s, &answer);
		if (!answer.name)
			return 0;
	}
	return systemd_explain(e, ERROR_FAILED, s, c, &answer);
}

int systemd_set(struct systemd *s, const char *unit, const struct unit_properties *p,
		struct error *e)
{
	const struct systemd_context c = {"SetUnitProperties", unit, p};
	struct systemd_answer answer;
	sd_bus_message *m;

	if (reconnect(s, e) < 0)
		return -1;
	m = systemd_new_call(s, SYSTEMD_PATH, SYSTEMD_MANAGER, c.member);
	/* runtime: such a change ends with the unit, or with the machine */
	if (m &&
	    (s->lib.sd_bus_message_append(m, "sb", unit, 1) < 0 || systemd_put(s, m, p, NULL) < 0))
		m = s->lib.sd_bus_message_unref(m);
	systemd_call(&answer, s, m);
	systemd_answer_done(s, &answer);
	if (!answer.name)
		return settle(s, &c, e);
	return systemd_answer_is(&answer, SYSTEMD_NO_SUCH_UNIT)
		   ? SYSTEMD_ABSENT
		   : systemd_explain(e, ERROR_FAILED, s, &c, &answer);
}

/* --- stopping --- */

/* Something that is worth asking and of which nothing depends on the answer: ResetFailedUnit
 * lets systemd forget that a unit failed, if it did. */
static void ask_and_forget(struct systemd *s, const char *member, const char *unit)
{
	struct systemd_answer ignored;

	systemd_ask(&ignored, s, member, unit, NULL);
	systemd_answer_done(s, &ignored);
}

/*
 * Is the unit the one with that description? 0, SYSTEMD_ABSENT, SYSTEMD_FOREIGN, -1.
 * A unit that is not there is shown as an empty one, described by its name.
 */
static int compare_description(struct systemd *s, const char *unit, const char *description,
			       struct error *e)
{
	const struct systemd_context c = {.member = "Get of Description", .unit = unit};
	const char *path = systemd_unit_path(s, unit), *text;
	struct systemd_answer answer;
	int r = SYSTEMD_FOREIGN;

	text = ask_string(&answer, s, path, SYSTEMD_UNIT, "Description");
	if (text && strcmp(text, description) == 0)
		r = 0;
	systemd_answer_done(s, &answer);
	if (r == SYSTEMD_FOREIGN && !answer.name) {
		text = ask_string(&answer, s, path, SYSTEMD_UNIT, "LoadState");
		if (text && strcmp(text, "not-found") == 0)
			r = SYSTEMD_ABSENT;
		systemd_answer_done(s, &answer);
	}
	if (systemd_answer_is(&answer, SYSTEMD_NO_SUCH_UNIT))
		return SYSTEMD_ABSENT;
	return answer.name ? systemd_explain(e, ERROR_FAILED, s, &c, &answer) : r;
}

/* StopUnit and the end of its job. 0, SYSTEMD_ABSENT, -1. */
static int stop_once(const char **ret_result, struct systemd *s, const struct systemd_context *c,
		     struct error *e)
{
	struct systemd_answer answer;
	int r;

	systemd_ask(&answer, s, c->member, c->unit, "replace");
	if (systemd_answer_is(&answer, SYSTEMD_NO_SUCH_UNIT))
		return SYSTEMD_ABSENT;
	if (answer.name)
		return systemd_explain(e, ERROR_FAILED, s, c, &answer);
	r = systemd_job_wait(ret_result, s, &answer, c, e);
	systemd_answer_done(s, &answer);
	return r;
}

/* 0, SYSTEMD_ABSENT, SYSTEMD_FOREIGN, -1. */
static int stop(struct systemd *s, const struct systemd_context *c, const char *description,
		struct error *e)
{
	const char *result = "";
	int r = 0;

	systemd_job_watch(s, c->unit);
	if (description)
		r = compare_description(s, c->unit, description, e);
	if (r == 0)
		r = stop_once(&result, s, c, e);
	/* systemd 257 does not stop what FreezeUnit froze; before, it thawed it by itself. */
	if (r == 0 && strcmp(result, "frozen") == 0) {
		ask_and_forget(s, "ThawUnit", c->unit);
		r = stop_once(&result, s, c, e);
	}
	if (r == 0)
		ask_and_forget(s, "ResetFailedUnit", c->unit);
	if (r == 0 && strcmp(result, "done") != 0)
		r = systemd_explain_job(e, s, c, result);
	return r;
}

int systemd_stop(struct systemd *s, const char *unit, const char *description, struct error *e)
{
	const struct systemd_context c = {.member = "StopUnit", .unit = unit};
	int r;

	if (reconnect(s, e) < 0)
		return -1;
	r = stop(s, &c, description, e);
	/* When the connection is lost, what came of it is not known; to ask again does no harm. */
	if (r < 0 && s->lib.sd_bus_is_ready(s->bus) <= 0 && reconnect(s, e) == 0)
		r = stop(s, &c, description, e);
	return r;
}

/* --- starting --- */

struct start {
	const char *unit;
	const struct unit_properties *properties;
	const char *const *optional;
	const char **left_out; /* NULL-terminated */
	size_t n_left_out;
	bool retried;
};

static void ask_start(struct systemd_answer *answer, struct systemd *s, const struct start *start)
{
	sd_bus_message *m =
	    systemd_new_call(s, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");

	/* The array at the end is for units that go along: none. */
	if (m && (s->lib.sd_bus_message_append(m, "ss", start->unit, "fail") < 0 ||
		  systemd_put(s, m, start->properties, start->left_out) < 0 ||
		  s->lib.sd_bus_message_append(m, "a(sa(sv))", 0) < 0))
		m = s->lib.sd_bus_message_unref(m);
	systemd_call(answer, s, m);
}

/* Something in the way that can be removed: then it is, and the start worth another try. */
static bool can_retry(struct systemd *s, struct start *start, const struct systemd_answer *answer)
{
	const char *property;

	if (systemd_answer_is(answer, "org.freedesktop.systemd1.UnitExists") && !start->retried) {
		start->retried = true;
		ask_and_forget(s, "ResetFailedUnit", start->unit);
		return true;
	}
	property = systemd_refused_property(s, answer);
	if (!property || !systemd_listed(start->optional, property) ||
	    start->n_left_out == MOST_LEFT_OUT)
		return false;
	start->left_out[start->n_left_out++] = property;
	return true;
}

/* Nobody will wait for the job any more: unless it has begun it is not to begin. */
static void cancel_job(struct systemd *s)
{
	const char *number = s->awaited ? strrchr(s->awaited, '/') : NULL;
	sd_bus_message *m = systemd_new_call(s, SYSTEMD_PATH, SYSTEMD_MANAGER, "CancelJob");
	struct systemd_answer ignored;

	if (m && (!number || s->lib.sd_bus_message_append(
				 m, "u", (uint32_t)strtoul(number + 1, NULL, 10)) < 0))
		m = s->lib.sd_bus_message_unref(m);
	if (!m)
		return;
	systemd_grant(s, CANCEL_MS);
	systemd_call(&ignored, s, m);
	systemd_answer_done(s, &ignored);
}

int systemd_start(const char ***ret_left_out, struct systemd *s, const char *unit,
		  const struct unit_properties *p, const char *const *names_optional,
		  struct error *e)
{
	const struct systemd_context c = {"StartTransientUnit", unit, p};
	struct start start = {.unit = unit, .properties = p, .optional = names_optional};
	const char *result = "";
	struct systemd_answer answer;
	int r;

	if (reconnect(s, e) < 0)
		return -1;
	start.left_out = arena_alloc(s->arena, (MOST_LEFT_OUT + 1) * sizeof(char *));
	systemd_job_watch(s, unit);
	do
		ask_start(&answer, s, &start);
	while (answer.name && can_retry(s, &start, &answer));
	if (systemd_answer_is(&answer, "org.freedesktop.systemd1.UnitExists"))
		return SYSTEMD_EXISTS;
	if (answer.name)
		return systemd_explain(e, ERROR_FAILED, s, &c, &answer);
	r = systemd_job_wait(&result, s, &answer, &c, e);
	systemd_answer_done(s, &answer);
	if (r < 0)
		cancel_job(s);
	else if (strcmp(result, "done") != 0)
		r = systemd_explain_job(e, s, &c, result);
	if (r == 0)
		*ret_left_out = start.left_out;
	return r;
}
