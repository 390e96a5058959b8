/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd-probe - the systemd connection by hand, against a real manager
 *
 *   systemd-probe WAY version
 *   systemd-probe WAY start UNIT PID [TASKS]
 *       a scope around the process, with TasksMax=TASKS
 *   systemd-probe WAY optional UNIT PID NAME...
 *       the same with a property NAME=1 each that may be left out: prints those that were
 *   systemd-probe WAY set UNIT TASKS
 *   systemd-probe WAY get UNIT NAME...
 *   systemd-probe WAY stop UNIT [DESCRIPTION]
 *   systemd-probe WAY cycle UNIT [ROUNDS [PAUSE_MS]]
 *       start, set, get and stop around a child each time, on a connection of its own:
 *       prints the median of each in microseconds
 *
 * All but cycle, which makes processes, in the sandbox that vmcg would be in.
 *
 * WAY is private, bus or user: the system's manager on its own socket or on the
 * message bus, or the caller's. Exit status: 0, 1 with a message, 2 usage, 10 absent,
 * 11 the name is in use, 12 foreign.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hook/sandbox.h"
#include "hook/systemd.h"

#define DESCRIPTION "VM of a probe"

struct probe {
	struct systemd_options options;
	struct systemd *s;
	struct arena arena;
	struct error e;
	char dir[64]; /* bus: what plays the user's runtime directory */
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The private socket comes first wherever it answers. So the bus is shown as that of a
 * user whose manager has no socket of its own. */
static int choose(struct probe *p, const char *way)
{
	char link[80];

	if (strcmp(way, "user") == 0)
		p->options =
		    (struct systemd_options){.user = true, .runtime = getenv("XDG_RUNTIME_DIR")};
	else if (strcmp(way, "bus") == 0) {
		strcpy(p->dir, "/tmp/systemd-probe-XXXXXX");
		if (!mkdtemp(p->dir))
			return -1;
		snprintf(link, sizeof(link), "%s/bus", p->dir);
		if (symlink("/run/dbus/system_bus_socket", link) < 0)
			return -1;
		p->options = (struct systemd_options){.user = true, .runtime = p->dir};
	} else if (strcmp(way, "private") != 0) {
		return -1;
	}
	return 0;
}

static void unchoose(const struct probe *p)
{
	char link[80];

	snprintf(link, sizeof(link), "%s/bus", p->dir);
	if (p->dir[0]) {
		unlinkat(AT_FDCWD, link, 0);
		unlinkat(AT_FDCWD, p->dir, AT_REMOVEDIR);
	}
}

static struct unit_property *add(struct unit_properties *p, struct arena *a, const char *name,
				 const char *type)
{
	struct unit_property *new = ARENA_APPEND(a, p->list, p->n);

	new->name = name;
	new->type = type;
	new->why = "the probe";
	return new;
}

static int start(struct probe *p, const char *unit, uint64_t pid, uint64_t tasks,
		 const char *const *optional, bool show)
{
	struct unit_properties props = {0};
	struct unit_property *pids;
	const char **left_out = NULL;
	int r;

	add(&props, &p->arena, "Description", "s")->text = DESCRIPTION;
	pids = add(&props, &p->arena, "PIDs", "au");
	pids->items = ARENA_NEW(&p->arena, struct unit_item);
	pids->n_items = 1;
	pids->items[0].number = pid;
	add(&props, &p->arena, "Delegate", "b")->number = 1;
	add(&props, &p->arena, "CollectMode", "s")->text = "inactive-or-failed";
	if (tasks)
		add(&props, &p->arena, "TasksMax", "t")->number = tasks;
	for (size_t i = 0; optional && optional[i]; i++)
		add(&props, &p->arena, optional[i], "t")->number = 1;
	r = systemd_start(&left_out, p->s, unit, &props, optional, &p->e);
	for (size_t i = 0; show && r == 0 && left_out[i]; i++)
		puts(left_out[i]);
	return r;
}

static int set(struct probe *p, const char *unit, uint64_t tasks)
{
	struct unit_properties props = {0};

	add(&props, &p->arena, "TasksMax", "t")->number = tasks;
	return systemd_set(p->s, unit, &props, &p->e);
}

static int get(struct probe *p, const char *unit, const char *const *names, bool show)
{
	struct unit_properties props = {0};
	struct text value = {0};
	int r;

	r = systemd_get(&props, p->s, unit, names, &p->e);
	for (size_t i = 0; show && r == 0 && i < props.n; i++) {
		value.len = 0;
		unitprop_text(&props.list[i], &value);
		printf("%s=%s\n", props.list[i].name, value.s);
	}
	text_free(&value);
	return r;
}

static pid_t sleeping_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

enum { OPEN, START, SET, GET, STOP, N_PARTS, MOST_ROUNDS = 200 };

/* One round on a connection of its own, as a hook makes it: each part's time. */
static int round_of(struct probe *p, const char *unit, uint64_t took[N_PARTS])
{
	static const char *const names[] = {"TasksMax", "ControlGroup", NULL};
	uint64_t at[N_PARTS + 1];
	pid_t child = sleeping_child();
	int r;

	at[0] = now_us();
	r = systemd_open(&p->s, &p->options, &p->arena, &p->e);
	at[1] = now_us();
	if (r == 0)
		r = start(p, unit, (uint64_t)child, 100, NULL, false);
	at[2] = now_us();
	if (r == 0)
		r = set(p, unit, 200);
	at[3] = now_us();
	if (r == 0)
		r = get(p, unit, names, false);
	at[4] = now_us();
	if (r == 0)
		r = systemd_stop(p->s, unit, DESCRIPTION, &p->e);
	at[5] = now_us();
	systemd_close(p->s);
	p->s = NULL;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (int i = 0; i < N_PARTS; i++)
		took[i] = at[i + 1] - at[i];
	return r;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int cycle(struct probe *p, const char *unit, size_t rounds, uint64_t pause_ms)
{
	static const char *const names[N_PARTS] = {"open", "start", "set", "get", "stop"};
	static uint64_t took[N_PARTS][MOST_ROUNDS];
	uint64_t one[N_PARTS];
	int r = 0;

	systemd_close(p->s);
	p->s = NULL;
	if (rounds > MOST_ROUNDS)
		rounds = MOST_ROUNDS;
	for (size_t i = 0; i < rounds && r == 0; i++) {
		usleep((unsigned)pause_ms * 1000);
		r = round_of(p, unit, one);
		for (int part = 0; part < N_PARTS; part++)
			took[part][i] = one[part];
	}
	for (int part = 0; part < N_PARTS && r == 0; part++) {
		qsort(took[part], rounds, sizeof(uint64_t), by_number);
		printf("%s %" PRIu64 "\n", names[part], took[part][rounds / 2]);
	}
	return r;
}

static uint64_t number(const char *text)
{
	return text ? strtoull(text, NULL, 10) : 0;
}

/* argv: COMMAND UNIT ARGS..., NULL behind. -2: usage. */
static int run(struct probe *p, const char *const *argv, int argc)
{
	uint64_t version;
	int r;

	if (strcmp(argv[0], "version") == 0) {
		r = systemd_version(&version, p->s, &p->e);
		if (r == 0)
			printf("%" PRIu64 "\n", version);
		return r;
	}
	if (argc < 2)
		return -2;
	if (strcmp(argv[0], "stop") == 0)
		return systemd_stop(p->s, argv[1], argv[2], &p->e);
	if (strcmp(argv[0], "cycle") == 0)
		return cycle(p, argv[1], argc > 2 ? number(argv[2]) : 1,
			     argc > 3 ? number(argv[3]) : 0);
	if (argc < 3)
		return -2;
	if (strcmp(argv[0], "start") == 0)
		return start(p, argv[1], number(argv[2]), number(argv[3]), NULL, false);
	if (strcmp(argv[0], "optional") == 0)
		return start(p, argv[1], number(argv[2]), 0, argv + 3, true);
	if (strcmp(argv[0], "set") == 0)
		return set(p, argv[1], number(argv[2]));
	if (strcmp(argv[0], "get") == 0)
		return get(p, argv[1], argv + 2, true);
	return -2;
}

int main(int argc, char **argv)
{
	struct probe p = {0};
	int r = -2;

	if (argc > 2 && choose(&p, argv[1]) == 0) {
		bool free = strcmp(argv[2], "cycle") == 0;

		r = free ? 0 : sandbox_enter(SANDBOX_WORK_SYSTEMD, &p.e);
		if (r == 0)
			r = systemd_open(&p.s, &p.options, &p.arena, &p.e);
		if (r == 0 && !free)
			r = sandbox_seal(SANDBOX_WORK_SYSTEMD, true, &p.e);
		if (r == 0)
			r = run(&p, (const char *const *)argv + 2, argc - 2);
		systemd_close(p.s);
	}
	unchoose(&p);
	arena_free(&p.arena);
	if (r == -1)
		fprintf(stderr, "systemd-probe: %s\n", p.e.text);
	else if (r < 0)
		fprintf(stderr, "usage: systemd-probe private|bus|user COMMAND [ARGS]\n");
	return r == 0 ? 0 : r == -1 ? 1 : r < 0 ? 2 : 9 + r;
}
