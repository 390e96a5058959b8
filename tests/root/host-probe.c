/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host-probe - the facts of this host, for comparing with what a shell sees
 *
 * host-probe [text] [hurry] [cgroup=PATH] [device=PATH] [pid=N] [init=N] [files=CONTROLLER]...
 * prints JSON (or text); "hurry" asks for no control files but those of files=.
 * host-probe find-vm N | tree N | hold N | widen N: what procs makes of a process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/host.h"
#include "hook/procs.h"

struct lists {
	const char **cgroups, **devices, **controllers;
	int64_t *pids;
};

static int fail(const struct error *e)
{
	fprintf(stderr, "%s\n", e->text);
	return (int)e->kind;
}

/* The value behind "NAME=", or NULL. */
static const char *value_of(const char *arg, const char *name)
{
	size_t n = strlen(name);

	return strncmp(arg, name, n) == 0 ? arg + n : NULL;
}

static void read_argument(struct host_wishes *w, struct lists *l, const char *arg)
{
	const char *v;

	if (strcmp(arg, "hurry") == 0)
		w->all_files = false;
	else if ((v = value_of(arg, "cgroup=")))
		l->cgroups[w->n_cgroups++] = v;
	else if ((v = value_of(arg, "device=")))
		l->devices[w->n_devices++] = v;
	else if ((v = value_of(arg, "files=")))
		l->controllers[w->n_controllers++] = v;
	else if ((v = value_of(arg, "pid=")))
		l->pids[w->n_pids++] = atoll(v);
	else if ((v = value_of(arg, "init=")))
		w->init = atoll(v);
}

static int probe(int argc, char **argv)
{
	struct host_wishes w = {.all_files = true, .init_cgroups = true, .kvm = true};
	struct text out = {0};
	struct arena a = {0};
	struct error e = {0};
	struct facts f;
	bool text = argc > 1 && strcmp(argv[1], "text") == 0;
	size_t size = sizeof(void *) * (size_t)(argc + 1);
	struct lists l = {arena_alloc(&a, size), arena_alloc(&a, size), arena_alloc(&a, size),
			  arena_alloc(&a, size)};

	for (int i = 1; i < argc; i++)
		read_argument(&w, &l, argv[i]);
	w.cgroups = l.cgroups;
	w.devices = l.devices;
	w.controllers = l.controllers;
	w.pids = l.pids;
	if (host_probe(&f, &a, &w, &e) < 0)
		return fail(&e);
	if (text)
		facts_text(&f, &out);
	else
		facts_json(&f, &out);
	fputs(out.s, stdout);
	text_free(&out);
	arena_free(&a);
	return 0;
}

static int find_vm(int64_t pid)
{
	struct error e = {0};
	int64_t vm;
	size_t n;
	int r;

	r = procs_find_vm(&vm, &n, pid, &e);
	if (r < 0)
		return fail(&e);
	if (r == PROCS_NO_VM)
		puts("none");
	else
		printf("%lld of %zu\n", (long long)vm, n);
	return 0;
}

static int tree(int64_t pid)
{
	struct arena a = {0};
	struct error e = {0};
	int64_t *pids;
	size_t n;

	if (procs_descendants(&pids, &n, &a, pid, &e) < 0)
		return fail(&e);
	for (size_t i = 0; i < n; i++)
		printf("%lld\n", (long long)pids[i]);
	arena_free(&a);
	return 0;
}

/* Hold, say so, and wait for a line before saying whether it is still alive. */
static int hold(int64_t pid)
{
	struct held_process p = PROCS_NONE;
	struct error e = {0};

	if (procs_hold(&p, pid, &e) < 0)
		return fail(&e);
	printf("%lld %llu\n", (long long)p.pid, (unsigned long long)p.start);
	fflush(stdout);
	(void)getchar();
	puts(procs_alive(&p) ? "alive" : "gone");
	procs_release(&p);
	return 0;
}

static int widen(int64_t pid)
{
	struct error e = {0};

	return procs_reset_affinity(pid, &e) < 0 ? fail(&e) : 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int64_t pid);
	} modes[] = {{"find-vm", find_vm}, {"tree", tree}, {"hold", hold}, {"widen", widen}};

	for (size_t i = 0; argc == 3 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(argv[1], modes[i].name) == 0)
			return modes[i].run(atoll(argv[2]));
	return probe(argc, argv);
}
