/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_error - what systemd did not do, why, and what helps
 */
#include "hook/systemd_work.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Hints, by D-Bus error. */
static const struct {
	const char *name, *hint;
} hints[] = {
    {"org.freedesktop.DBus.Error.AccessDenied", "only root may ask the system's manager for this"},
    {"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
     "only root may ask the system's manager for this"},
    {"org.freedesktop.DBus.Error.PropertyReadOnly",
     "this version of systemd does not have the property, or not for such a unit; "
     "--cgroup-manager cgroupfs does without it"},
    {"org.freedesktop.DBus.Error.ServiceUnknown",
     "systemd is not on the bus: if it is being upgraded, try again"},
    {"org.freedesktop.DBus.Error.NameHasNoOwner",
     "systemd is not on the bus: if it is being upgraded, try again"},
    {"org.freedesktop.systemd1.UnitMasked", "`systemctl unmask` lets the unit start again"},
    {"org.freedesktop.systemd1.ShuttingDown", "the machine is going down"},
};

/* The VM process that was to enter the scope; 0 when none was named. */
static uint64_t process_of(const struct unit_properties *p)
{
	const struct unit_property *pids = p ? unitprop_find(p, "PIDs") : NULL;

	return pids && pids->n_items ? pids->items[0].number : 0;
}

static bool is_word_at(const char *text, const char *at, size_t len)
{
	return (at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[len]);
}

/* The property that was sent and that systemd's words name, or NULL. */
static const struct unit_property *named_property(const struct unit_properties *p, const char *text)
{
	for (size_t i = 0; p && i < p->n; i++) {
		size_t len = strlen(p->list[i].name);
		const char *at = strstr(text, p->list[i].name);

		for (; at; at = strstr(at + 1, p->list[i].name))
			if (is_word_at(text, at, len))
				return &p->list[i];
	}
	return NULL;
}

static void add_property(struct error *e, const struct unit_property *p)
{
	struct text value = {0};

	unitprop_text(p, &value);
	error_add(e, "; the property is %s=%s", p->name, value.s ? value.s : "");
	if (p->why)
		error_add(e, ", from %s", p->why);
	text_free(&value);
}

static int add_way_out(struct error *e, const struct systemd *s, const struct systemd_context *c,
		       const struct systemd_answer *answer)
{
	uint64_t pid = process_of(c->properties);

	if (pid && (answer->os == ESRCH ||
		    systemd_answer_is(answer, "org.freedesktop.DBus.Error.UnixProcessIdUnknown")))
		return error_add(e, "; the VM process %llu is gone", (unsigned long long)pid);
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
		if (systemd_answer_is(answer, hints[i].name))
			return error_add(e, "; %s", hints[i].hint);
	return error_add(e, "; `journalctl %s` may say more",
			 s->options.user ? "--user -b -t systemd" : "-b _PID=1");
}

/* "StartTransientUnit of demo.scope" */
static const char *asked(const struct systemd *s, const struct systemd_context *c)
{
	return c->unit ? arena_printf(s->arena, "%s of %s", c->member, c->unit) : c->member;
}

static int explain_silence(struct error *e, enum error_kind kind, const struct systemd *s,
			   const struct systemd_context *c, const struct systemd_answer *answer)
{
	if (answer->os == ETIMEDOUT)
		return error_set(e, kind,
				 "%s: systemd (%s) was not done with it when the %u ms that vmcg "
				 "waits for systemd in all were over; is it busy? `systemctl "
				 "list-jobs` shows with what; then try again",
				 asked(s, c), s->way, s->wait_ms);
	return error_set(e, kind,
			 "%s: the connection to systemd (%s) was lost before it said what came of "
			 "it: %s; systemd may have been upgraded or the bus restarted: try again",
			 asked(s, c), s->way, answer->text);
}

int systemd_explain(struct error *e, enum error_kind kind, const struct systemd *s,
		    const struct systemd_context *c, const struct systemd_answer *answer)
{
	const struct unit_property *p;

	if (answer->silence)
		explain_silence(e, kind, s, c, answer);
	else
		error_set(e, kind, "%s: systemd refuses: %s%s%s%s", asked(s, c), answer->text,
			  answer->name[0] ? " (" : "", answer->name, answer->name[0] ? ")" : "");
	if (e)
		e->os = answer->os;
	if (answer->silence)
		return -1;
	p = named_property(c->properties, answer->text);
	if (p)
		add_property(e, p);
	return add_way_out(e, s, c, answer);
}

int systemd_explain_job(struct error *e, const struct systemd *s, const struct systemd_context *c,
			const char *result)
{
	uint64_t pid = process_of(c->properties);

	error_set(e, ERROR_FAILED,
		  "%s of %s: systemd took it on, but its job ended with \"%s\" instead of \"done\"",
		  c->member, c->unit, result);
	if (pid && strcmp(result, "failed") == 0)
		error_add(e, "; did the VM process %llu end meanwhile, or is it another user's?",
			  (unsigned long long)pid);
	return error_add(e, "; `journalctl %s %s` says more",
			 s->options.user ? "--user -b -u" : "-b -u", c->unit);
}

const char *systemd_refused_property(struct systemd *s, const struct systemd_answer *answer)
{
	static const char before[] = "property ";
	const char *at;

	if (!systemd_answer_is(answer, "org.freedesktop.DBus.Error.PropertyReadOnly"))
		return NULL;
	at = strstr(answer->text, before);
	if (!at)
		return NULL;
	at += strlen(before);
	return arena_copy(s->arena, at, strcspn(at, ", "));
}
