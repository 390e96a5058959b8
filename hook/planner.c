/* SPDX-License-Identifier: Apache-2.0 */
/*
 * planner - what the translations of linux.resources share
 */
#include "hook/planner.h"

#include <stdarg.h>
#include <string.h>

static bool holds(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(list[i], name))
			return true;
	}
	return false;
}

/* One warning a controller, however many fields need it. */
static void warn_skipped(struct planner *p, const char *controller, const char *why)
{
	if (holds(p->skipped, p->n_skipped, controller))
		return;
	*ARENA_APPEND(p->plan->arena, p->skipped, p->n_skipped) = controller;
	plan_warn(p->plan, "%s: the %s controller is not delegated to this user: not applied", why,
		  controller);
}

/* The controllers of this host, for the message about one that is not among them. */
static const char *list_controllers(const struct planner *p)
{
	const char *list = "";

	for (size_t i = 0; i < p->facts->n_controllers; i++)
		list = arena_printf(p->plan->arena, "%s%s%s", list, i ? ", " : "",
				    p->facts->controllers[i]);
	return *list ? list : "none";
}

int planner_version(struct planner *p, const char *controller, const char *why, struct error *e)
{
	int version = facts_version(p->facts, controller);

	if (version == 0 && p->lenient) {
		warn_skipped(p, controller, why);
		return 0;
	}
	if (version == 0 && p->facts->rootless)
		return planner_unfit(
		    why, e,
		    "the %s controller is not delegated to this user (delegated: "
		    "%s), and the policy says \"rootless\": \"require\"; delegate it, "
		    "for example with systemd's Delegate=yes on user@.service",
		    controller, list_controllers(p));
	if (version == 0)
		return planner_unfit(why, e,
				     "this host has no %s controller, neither mounted as cgroup v1 "
				     "nor in the cgroup v2 tree (it has: %s)",
				     controller, list_controllers(p));
	if (version == 2 && !holds(p->needed, p->n_needed, controller))
		*ARENA_APPEND(p->plan->arena, p->needed, p->n_needed) = controller;
	return version;
}

int planner_version_of(struct planner *p, const char *controller, const struct planner_wish *wishes,
		       size_t n, struct error *e)
{
	const char *field = NULL;

	for (size_t i = 0; i < n; i++) {
		if (wishes[i].kind == WISH_REAL)
			return planner_version(p, controller, planner_why(p, "%s", wishes[i].field),
					       e);
		if (wishes[i].kind == WISH_NOTHING)
			field = wishes[i].field;
	}
	if (!field || facts_version(p->facts, controller) == 0)
		return 0;
	return planner_version(p, controller, planner_why(p, "%s", field), e);
}

void planner_write(struct planner *p, enum plan_phase phase, const char *controller,
		   const char *file, const char *why, const char *fmt, ...)
{
	const char *value;
	va_list ap;

	va_start(ap, fmt);
	value = arena_vprintf(p->plan->arena, fmt, ap);
	va_end(ap);
	plan_add(p->plan, phase, PLAN_WRITE, controller, p->path, file, value, why);
}

const char *planner_why(struct planner *p, const char *fmt, ...)
{
	const char *field;
	va_list ap;

	va_start(ap, fmt);
	field = arena_vprintf(p->plan->arena, fmt, ap);
	va_end(ap);
	return arena_printf(p->plan->arena, "%s/%s", p->resources->base, field);
}

/* "POINTER: message" of one kind. */
static int refuse(enum error_kind kind, const char *why, struct error *e, const char *fmt,
		  va_list ap) __attribute__((format(printf, 4, 0)));

static int refuse(enum error_kind kind, const char *why, struct error *e, const char *fmt,
		  va_list ap)
{
	struct arena a = {0};

	error_set(e, kind, "%s: %s", why, arena_vprintf(&a, fmt, ap));
	arena_free(&a);
	return -1;
}

int planner_bad(const char *why, struct error *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	refuse(ERROR_INPUT, why, e, fmt, ap);
	va_end(ap);
	return -1;
}

int planner_unfit(const char *why, struct error *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	refuse(ERROR_HOST, why, e, fmt, ap);
	va_end(ap);
	return -1;
}
