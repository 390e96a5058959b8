/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup_facts - what setup has to know about this host, and no more
 *
 * The VM process is held before anything is read about it, so what is read is
 * about that process and no later one of the same number.
 */
#include "hook/setup_facts.h"

#include <string.h>

#include "hook/cgpath.h"
#include "hook/compose.h"
#include "hook/host.h"
#include "hook/input.h"
#include "hook/unitname.h"
#include "hook/vmprocess.h"

#define UNKNOWN_BOOT "unknown"

const char *setup_boot_id(struct arena *a)
{
	const char *text;
	size_t len;

	/* Not a regular file to fstat on all kernels: read it as a stream would be. */
	if (input_proc(&text, &len, "/proc/sys/kernel/random/boot_id", a) < 0)
		return UNKNOWN_BOOT;
	return arena_copy(a, text, strcspn(text, "\n"));
}

bool setup_is_this_boot(const char *recorded, struct arena *a)
{
	const char *now = setup_boot_id(a);

	return strcmp(recorded, now) == 0 || strcmp(recorded, UNKNOWN_BOOT) == 0 ||
	       strcmp(now, UNKNOWN_BOOT) == 0;
}

static int find_vm(struct setup *s, struct error *e)
{
	const struct oci_state *state = &s->state;
	bool own = state->n_annotations > 0;
	struct vmprocess vm = {.held = PROCS_NONE};

	if (vmprocess_find(&vm, s->context, state, own ? state->annotations : s->config.annotations,
			   own ? state->n_annotations : s->config.n_annotations, e) < 0)
		return -1;
	s->vm_why = vm.why;
	s->held = vm.held;
	s->vm = vm.held.pid;
	return 0;
}

/* The paths that target.c may choose: what exists there decides the mode. */
static size_t candidate_paths(const char *paths[4], struct setup *s)
{
	const char *wanted = s->config.cgroups_path;
	struct unitname unit;
	size_t n = 0;

	if (wanted && *wanted && cgpath_clean(&paths[n], s->arena, wanted, "", NULL) == 0)
		n++;
	if (wanted && unitname_has_form(wanted) &&
	    unitname_parse(&unit, wanted, "system.slice", s->arena, NULL) == 0)
		paths[n++] = unit.path;
	if (!wanted && s->context->options.manager == MANAGER_SYSTEMD &&
	    unitname_for_id(&unit, s->state.id, "system.slice", s->arena, NULL) == 0)
		paths[n++] = unit.path;
	if (n == 0 || s->context->options.mode == MODE_OWN)
		paths[n++] = target_default_path(s->state.id, s->arena);
	return n;
}

/* state.pid may be a thread's id (some shims send one); mostly it is the VM itself, held already.
 */
static int find_init(struct setup *s, struct error *e)
{
	struct held_process init = PROCS_NONE;

	if (!s->state.pid)
		return 0;
	if (s->vm == s->state.pid) {
		s->init = s->vm;
		return 0;
	}
	if (procs_hold(&init, s->state.pid, e) < 0)
		return error_add(e, " (state:/pid)");
	s->init = init.pid;
	procs_release(&init);
	return 0;
}

void setup_describe_caller(struct setup *s)
{
	struct vmprocess vm = {.held = PROCS_NONE};
	struct facts_process p = {0};
	int64_t pid = s->state.pid;

	/* A shim may name the VM alone. */
	if (!pid && vmprocess_find(&vm, s->context, &s->state, NULL, 0, NULL) == 0)
		pid = vm.held.pid;
	procs_release(&vm.held);
	if (!pid || procs_describe(&p, s->arena, "/proc", pid, NULL) < 0)
		return;
	*(s->state.pid ? &s->init : &s->vm) = p.pid;
	*ARENA_APPEND(s->arena, s->facts.processes, s->facts.n_processes) = p;
}

static int read_file(struct setup *s, const char *file, struct error *e)
{
	const char *bytes;
	size_t len;
	int r;

	r = input_file(&bytes, &len, file, s->arena, e);
	if (r == INPUT_ABSENT)
		return error_set(e, ERROR_INPUT, "%s: no such file (host facts)", file);
	if (r == 0 && facts_parse(&s->facts, s->arena, bytes, len, e) < 0)
		return error_add(e, " (%s)", file);
	return r;
}

int setup_probe(struct setup *s, struct error *e)
{
	/* A yard acts out another host, with real processes. */
	const char *yard = s->context->options.yard;
	const char **controllers = compose_controllers(&s->config.resources, s->arena);
	const char **devices;
	const char *paths[4];
	int64_t pids[2];
	struct host_wishes w = {.cgroups = paths, .pids = pids};

	/* A runtime chose the base of a path that is not absolute: see where init is. */
	w.init_cgroups = !s->config.cgroups_path || s->config.cgroups_path[0] != '/';
	w.n_cgroups = candidate_paths(paths, s);
	w.devices = devices = arena_alloc(s->arena, (s->devices.n + s->context->policy.deny.n + 1) *
							sizeof(*devices));
	for (size_t i = 0; i < s->devices.n; i++)
		devices[w.n_devices++] = s->devices.items[i].path;
	for (size_t i = 0; i < s->context->policy.deny.n; i++)
		devices[w.n_devices++] = s->context->policy.deny.items[i];
	w.controllers = controllers;
	while (controllers[w.n_controllers])
		w.n_controllers++;
	if (s->init)
		pids[w.n_pids++] = s->init;
	if (s->vm && s->vm != s->init)
		pids[w.n_pids++] = s->vm;
	w.init = s->init;
	if (yard)
		return read_file(s, arena_printf(s->arena, "%s/host.json", yard), e);
	return host_probe(&s->facts, s->arena, &w, e);
}

static int from_file(struct setup *s, const char *file, struct error *e)
{
	const struct options *o = &s->context->options;

	if (read_file(s, file, e) < 0)
		return -1;
	s->init = s->state.pid;
	s->vm = o->vm_pid ? o->vm_pid : s->state.pid;
	s->vm_why = o->vm_pid ? "option:--vm-pid" : "state:/pid";
	/* The facts may say which process holds a VM, as discovery would find it. */
	for (size_t i = 0; !o->vm_pid && i < s->facts.n_processes; i++) {
		if (!s->facts.processes[i].kvm)
			continue;
		s->vm = s->facts.processes[i].pid;
		s->vm_why = "discovery:kvm";
		break;
	}
	/* Of what else runs there, only numbers are known. */
	if (s->vm == 1)
		return error_set(e, ERROR_HOST,
				 "process 1 is the host's init: it serves more than this VM and "
				 "stays where it is (%s)",
				 s->vm_why);
	return 0;
}

int setup_facts(struct setup *s, const char *facts_file, struct error *e)
{
	s->facts = (struct facts){0};
	if (facts_file)
		return from_file(s, facts_file, e);
	if (find_vm(s, e) < 0 || find_init(s, e) < 0)
		return -1;
	return setup_probe(s, e);
}
