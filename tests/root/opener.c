/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opener - opens one device again and again, and counts how often it must not
 *
 *   opener PATH
 *
 * Prints "ready PID" and goes on without a pause until SIGTERM; then "opened N
 * denied N failed N": done, EPERM, any other error. SIGUSR1 starts the counts anew and
 * prints "counting". So that a change of the group's device rules that has a gap, however short,
 * is seen by somebody.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t told;

static void on_signal(int signal)
{
	told = signal;
}

struct counts {
	unsigned long opened, denied, failed;
};

static void try(struct counts *c, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0) {
		c->opened++;
		close(fd);
	} else if (errno == EPERM) {
		c->denied++;
	} else if (errno != EINTR) {
		c->failed++;
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct counts counts = {0};

	if (argc != 2)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("ready %d\n", (int)getpid());
	while (told != SIGTERM) {
		if (told == SIGUSR1) {
			told = 0;
			counts = (struct counts){0};
			printf("counting\n");
		}
		try(&counts, argv[1]);
	}
	printf("opened %lu denied %lu failed %lu\n", counts.opened, counts.denied, counts.failed);
	return 0;
}
