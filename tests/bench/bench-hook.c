/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-hook - setup and teardown against the floor, interleaved, in one run
 *
 *   bench-hook ROUNDS LABEL STATE VMCG ROOT FLOOR SETUP-CALLS TEARDOWN-CALLS [OPTION...]
 *
 * A round runs `VMCG createRuntime` and `VMCG poststop` with STATE on standard
 * input, then FLOOR twice with the two lists of calls. Times are wall clock from
 * before the spawn to after the wait. Prints one line with the medians, their
 * ratio, and the largest peak of resident memory of the two vmcg processes.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ROUNDS = 10000 };

static long peak_kib;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Run to the end with a file as standard input; a failure ends the bench. */
static double run(char *const *argv, const char *input, long *peak)
{
	const char *bus = getenv("FLOOR_BUS");
	char setting[64] = "FLOOR_BUS=", *env[] = {setting, NULL};
	posix_spawn_file_actions_t files;
	struct rusage usage;
	double start = now_us();
	int status;
	pid_t pid;

	if (bus)
		snprintf(setting, sizeof(setting), "FLOOR_BUS=%s", bus);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, argv[0], &files, NULL, argv, env) != 0 ||
	    wait4(pid, &status, 0, &usage) != pid || status != 0) {
		fprintf(stderr, "bench-hook: %s failed\n", argv[0]);
		exit(1);
	}
	posix_spawn_file_actions_destroy(&files);
	if (peak && usage.ru_maxrss > *peak)
		*peak = usage.ru_maxrss;
	return now_us() - start;
}

/*
 * A pause between two runs: on a host that starts a VM now and then, the first move of a
 * process waits for an RCU grace period (the kernel's lock for moves starts in its fast mode
 * for readers). Back to back, only the first of all would.
 */
static long rest_ms(void)
{
	const char *ms = getenv("REST_MS");

	return ms ? atol(ms) : 0;
}

static void rest(void)
{
	long n = rest_ms();

	nanosleep(&(struct timespec){.tv_sec = n / 1000, .tv_nsec = n % 1000 * 1000000}, NULL);
}

/* The ratio that a start may have, where it is measured as hosts see it: apart from others. 0:
 * there is none to be held to. */
static double budget(void)
{
	const char *ratio = getenv("BUDGET");

	return !rest_ms() ? 0 : ratio ? atof(ratio) : 1.5;
}

/* Memory: what a process without libsystemd may take, or what one with it may. */
static double budget_mib(void)
{
	const char *mib = getenv("BUDGET_MIB");

	return mib ? atof(mib) : 3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[n / 2];
}

int main(int argc, char **argv)
{
	static double ours[MAX_ROUNDS], floors[MAX_ROUNDS];
	char *setup[32] = {0}, *stop[] = {NULL, NULL, NULL, NULL, NULL};
	char *floor_argv[] = {NULL, NULL};
	char limit[32] = "";
	int rounds, n = 0;
	double a, b;

	if (argc < 9 || argc > 24)
		return 2;
	rounds = atoi(argv[1]);
	if (rounds < 1 || rounds > MAX_ROUNDS)
		return 2;
	setup[n++] = stop[0] = argv[4];
	setup[n++] = stop[1] = (char *)"--root";
	setup[n++] = stop[2] = argv[5];
	for (int i = 9; i < argc; i++)
		setup[n++] = argv[i];
	setup[n++] = (char *)"createRuntime";
	stop[3] = (char *)"poststop";
	floor_argv[0] = argv[6];
	/* One round unmeasured: the page cache and the kernel's own caches. */
	for (int i = -1; i < rounds; i++) {
		double t, f;

		t = run(setup, argv[3], &peak_kib);
		rest();
		t += run(stop, argv[3], &peak_kib);
		rest();
		f = run(floor_argv, argv[7], NULL);
		rest();
		f += run(floor_argv, argv[8], NULL);
		rest();

		if (i >= 0) {
			ours[i] = t;
			floors[i] = f;
		}
	}
	if (budget() > 0)
		snprintf(limit, sizeof(limit), " (budget %.2f)", budget());
	a = median(ours, rounds);
	b = median(floors, rounds);
	printf("%s: %.0f us against %.0f us of the floor, ratio %.2f%s; peak memory %.2f MiB "
	       "(budget %.2f); %d rounds\n",
	       argv[2], a, b, a / b, limit, (double)peak_kib / 1024, budget_mib(), rounds);
	return (budget() > 0 && a / b > budget()) || (double)peak_kib / 1024 > budget_mib();
}
