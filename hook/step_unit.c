/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step_unit - what systemd is asked to do: start a scope, change the runtime's unit
 *
 * systemd says "done" to much that the kernel then refuses, and only logs it. So
 * nothing is believed: the VM process must sit where it was asked to be, and each
 * value is read back.
 */
#include <stdlib.h>
#include <string.h>

#include "hook/apply.h"
#include "hook/devnode.h"
#include "hook/log.h"
#include "hook/quirks.h"
#include "hook/unit_change.h"
#include "hook/unitdiff.h"

/* --- start --- */

/* Without these the scope is not what was planned; whatever else an older systemd does not know is
 * found out, and written, when the values are verified. */
static bool is_required(const char *name)
{
	static const char *const required[] = {"Slice", "Delegate", "PIDs", "DevicePolicy",
					       "DeviceAllow"};

	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++)
		if (strcmp(name, required[i]) == 0)
			return true;
	return false;
}

static const char *const *optional(const struct unit_properties *p, struct arena *a)
{
	const char **names = arena_alloc(a, (p->n + 1) * sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (!is_required(p->list[i].name))
			names[n++] = p->list[i].name;
	names[n] = NULL;
	return names;
}

/* systemd takes a process that has just died, and then has nothing to place. */
static int verify_inside(const struct apply *ap, const struct plan_step *s, struct error *e)
{
	static const char *const managed[] = {"", "name=systemd", "memory", "pids", "devices"};
	struct facts_process now = {0};

	const struct held_process *vm = apply_process(ap, s);

	if (!vm ||
	    procs_cgroups(&now.cgroups, &now.n_cgroups, ap->arena, "/proc", vm->pid, e) < 0 ||
	    !procs_alive(vm))
		return apply_process_gone(ap, s, e);
	for (size_t i = 0; i < sizeof(managed) / sizeof(*managed); i++) {
		const char *is = facts_process_path(&now, managed[i]);

		if (is && strcmp(is, s->path) != 0)
			return error_set(e, ERROR_FAILED,
					 "%s was started, but process %lld is in %s instead of %s "
					 "(%s hierarchy); see journalctl -u %s",
					 s->value, (long long)vm->pid, is, s->path,
					 *managed[i] ? managed[i] : "unified", s->value);
	}
	return 0;
}

int step_start(struct apply *ap, struct record_step *s, struct error *e)
{
	const struct held_process *vm = apply_process(ap, &s->step);
	const char **left_out = NULL;
	int r;

	if (!vm || !procs_alive(vm))
		return apply_process_gone(ap, &s->step, e);
	r = systemd_start(&left_out, ap->systemd, s->step.value, ap->properties,
			  optional(ap->properties, ap->arena), e);
	if (r == SYSTEMD_EXISTS) {
		ap->refused = true;
		return error_set(e, ERROR_HOST,
				 "%s: systemd has a unit of this name already, and vmcg did not "
				 "start it: see systemctl status %s; stop it, or choose another "
				 "cgroupsPath",
				 s->step.value, s->step.value);
	}
	if (r < 0)
		return -1;
	for (; left_out && *left_out; left_out++)
		log_warning("%s: this systemd does not know %s: what it sets is written to the "
			    "control file, which a daemon-reload may reset",
			    s->step.value, *left_out);
	if (verify_inside(ap, &s->step, e) < 0)
		return -1;
	r = cgroupfs_mark(ap->fs, s->step.controller, s->step.path, ap->record->id, e);
	/* With the process the scope goes. */
	return r < 0 && !procs_alive(vm) ? apply_process_gone(ap, &s->step, e) : r;
}

/* --- set --- */

static bool has_program(const struct unit_properties *live)
{
	const struct unit_property *p = unitprop_find(live, "BPFProgram");

	for (size_t i = 0; p && i < p->n_items; i++)
		if (strcmp(p->items[i].key, "device") == 0)
			return true;
	return false;
}

/* What the unit has of what the plan wants; and what is to be known about its devices. */
static int read_unit(struct unit_properties *ret, struct apply *ap, const char *unit,
		     struct error *e)
{
	static const char *const devices[] = {"DevicePolicy", "DeviceAllow", "BPFProgram", NULL};
	size_t n = 0, n_devices = sizeof(devices) / sizeof(*devices);
	const char **names =
	    arena_alloc(ap->arena, (ap->properties->n + n_devices) * sizeof(*names));
	int r;

	for (; n < ap->properties->n; n++)
		names[n] = ap->properties->list[n].name;
	memcpy(names + n, devices, sizeof(devices));
	r = systemd_get(ret, ap->systemd, unit, names, e);
	if (r == SYSTEMD_ABSENT)
		return error_set(
		    e, ERROR_HOST,
		    "%s: systemd has no such unit, although its cgroup %s is there; if "
		    "somebody else made it, use --cgroup-manager cgroupfs",
		    unit, ap->record->path);
	return r;
}

/* What the unit must not allow, in the unit's own words: it may name the node where we have the
 * numbers. */
static struct unit_properties named_as_live(const struct apply *ap,
					    const struct unit_properties *live)
{
	const struct unit_property *is = unitprop_find(live, "DeviceAllow"), *listed;
	struct unit_properties ret = {0};
	struct unit_property *named;

	listed = ap->unwanted ? unitprop_find(ap->unwanted, "DeviceAllow") : NULL;
	if (!listed || !is)
		return ret;
	named = ARENA_APPEND(ap->arena, ret.list, ret.n);
	*named = (struct unit_property){.name = listed->name, .type = listed->type};
	for (size_t i = 0; i < is->n_items; i++) {
		const char *key = is->items[i].key;
		const char *numbers = devnode_unit_name(key, ap->arena);

		for (size_t k = 0; k < listed->n_items; k++)
			if (strcmp(listed->items[k].key, key) == 0 ||
			    (numbers && strcmp(listed->items[k].key, numbers) == 0))
				*ARENA_APPEND(ap->arena, named->items, named->n_items) =
				    (struct unit_item){.key = key, .text = listed->items[k].text};
	}
	return ret;
}

int step_set_look(struct apply *ap, struct record_step *s, struct error *e)
{
	struct unit_properties live = {0}, old = {0}, unwanted;
	const struct record *r = ap->record;

	if (read_unit(&live, ap, s->step.value, e) < 0)
		return -1;
	if (has_program(&live) && r->has_devices && !devrules_equal(&r->devices, &r->before))
		log_warning("%s: the runtime gave systemd a device program of its own, which "
			    "cannot be changed: the hypervisor's devices are allowed until the "
			    "next systemctl daemon-reload; let vmcg precreate list them in the "
			    "config, and the runtime allows them itself",
			    s->step.value);
	if (record_version(r, "devices") == 2)
		devfilter_programs(&ap->programs, &ap->n_programs, ap->fs, s->step.path);
	unwanted = r->mode == MODE_OWN ? unitdiff_surplus(ap->properties, &live, ap->arena)
				       : named_as_live(ap, &live);
	unitdiff(&ap->change, &old, ap->properties, &live, &unwanted, ap->arena);
	if (ap->change.n) {
		s->old = unitprop_copy_text(&old, ap->arena);
		s->set = unitprop_copy_text(&ap->change, ap->arena);
	}
	return 0;
}

int step_set(struct apply *ap, struct record_step *s, struct error *e)
{
	struct unit_change u = {
	    .fs = ap->fs, .systemd = ap->systemd, .store = ap->store, .record = ap->stored};
	int r;

	if (!ap->change.n)
		return 0;
	r = unit_change(&u, s->step.value, &ap->change, e);
	if (r == SYSTEMD_ABSENT)
		return error_set(e, ERROR_FAILED, "%s: the unit has just gone: its container ended",
				 s->step.value);
	return r;
}

/* --- verify --- */

/* Does the file hold what systemd was asked for? live: what it holds. 1: no. */
static int compare(const char **live, struct apply *ap, const struct plan_step *want,
		   struct error *e)
{
	*live = "";
	if (cgroupfs_read(live, ap->fs, want->controller, want->path, want->file, e) < 0)
		return -1;
	return !quirks_same(apply_version(ap, want), want->file, want->value, *live, ap->page_size);
}

/* Each device obeys one of two weight files, and one of them taking the wish is enough. */
static bool twin_has_it(struct apply *ap, const struct plan_step *want)
{
	const struct quirk *q = quirks_find(apply_version(ap, want), want->file);
	const char *live;

	for (size_t i = 0; q && q->twin && i < ap->record->n_steps; i++) {
		const struct plan_step *s = &ap->record->steps[i].step;

		if (s->op == PLAN_VERIFY && strcmp(s->file, q->twin) == 0 &&
		    compare(&live, ap, s, NULL) == 0)
			return true;
	}
	return false;
}

/* v1 keeps memory below memory and swap, for which there is no property: systemd could not raise
 * the one before the other's own step, and can after it. */
static bool was_held_down(struct apply *ap, const struct plan_step *want)
{
	const struct quirk *q = quirks_find(apply_version(ap, want), want->file);

	for (size_t i = 0; q && q->partner && i < ap->record->n_steps; i++) {
		const struct record_step *s = &ap->record->steps[i];

		if (s->step.op == PLAN_WRITE && s->old && strcmp(s->step.file, q->partner) == 0 &&
		    strcmp(s->step.path, want->path) == 0 &&
		    strtoull(s->old, NULL, 10) < strtoull(want->value, NULL, 10))
			return true;
	}
	return false;
}

int step_verify(struct apply *ap, struct record_step *s, struct error *e)
{
	const struct plan_step *want = &s->step;
	const char *live;
	int r;

	r = compare(&live, ap, want, e);
	if (r <= 0 || twin_has_it(ap, want))
		return r < 0 ? -1 : 0;
	if (!was_held_down(ap, want))
		log_warning("%s: systemd was asked for \"%s\", but \"%s\" stands there: it is "
			    "written directly, and a daemon-reload may reset it",
			    cgroupfs_path(ap->fs, want->controller, want->path, want->file),
			    want->value, live);
	return step_write(ap, s, e);
}
