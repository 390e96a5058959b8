/* SPDX-License-Identifier: Apache-2.0 */
/*
 * actors - processes of the shapes that the host probe has to tell apart
 *
 *   actors thread     a process with a second thread; prints that thread's number
 *   actors zombie     a parent that does not wait; prints its dead child's number
 *   actors family     a child with a child, and a child of a second thread; writes their
 *                     numbers to the files first, grand and thread
 *   actors kvm        holds a KVM VM; prints its own number, or ends where there is no KVM
 *   actors narrow     five threads on CPU 0; prints "up"
 *
 * Each then sleeps until it is killed.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void *sleeping(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

/* A child that sleeps. */
static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		sleeping(NULL);
	return pid;
}

static void print_number(const char *file, pid_t pid)
{
	FILE *out = file ? fopen(file, "w") : stdout;

	if (!out)
		exit(1);
	fprintf(out, "%d\n", (int)pid);
	fflush(out);
	if (file)
		fclose(out);
}

static void *print_thread(void *arg)
{
	print_number(NULL, gettid());
	return sleeping(arg);
}

static void *start_from_thread(void *arg)
{
	print_number("thread", start_child());
	return sleeping(arg);
}

static void start_thread(void *(*run)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL) != 0)
		exit(1);
}

static void zombie(void)
{
	char path[64], line[256] = "";
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	while (!strstr(line, ") Z")) {
		FILE *f = fopen(path, "r");

		if (!f || !fgets(line, sizeof(line), f))
			exit(1);
		fclose(f);
		usleep(10000);
	}
	print_number(NULL, pid);
}

static void family(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		print_number("grand", start_child());
		sleeping(NULL);
	}
	start_thread(start_from_thread);
	print_number("first", pid);
}

static void kvm(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, KVM_CREATE_VM, 0) < 0)
		exit(1);
	print_number(NULL, getpid());
}

static void narrow(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first) < 0)
		exit(1);
	for (int i = 0; i < 4; i++)
		start_thread(sleeping);
	puts("up");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *shape = argc == 2 ? argv[1] : "";

	if (strcmp(shape, "thread") == 0)
		start_thread(print_thread);
	else if (strcmp(shape, "zombie") == 0)
		zombie();
	else if (strcmp(shape, "family") == 0)
		family();
	else if (strcmp(shape, "kvm") == 0)
		kvm();
	else if (strcmp(shape, "narrow") == 0)
		narrow();
	else
		return 2;
	sleeping(NULL);
	return 0;
}
