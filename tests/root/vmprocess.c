/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmprocess - a process that is a VM as far as the host can tell, and does what it is told
 *
 *   vmprocess [--late]
 *
 * It holds /dev/kvm, a VM and one vCPU, whose thread ("CPU 0/KVM") sleeps; no
 * guest runs. Where /dev/kvm does not open it says so and goes on without.
 * Then it prints "ready PID" and obeys one command a line, one answer a line,
 * until "exit" or SIGTERM; the end of its input is not its end.
 *
 *   open PATH    "open PATH: ok", or the kernel's word
 *   fork         the number of a new child, which sleeps
 *   alloc MIB    touches memory and keeps it
 *   affinity     the number of processors it may run on
 *   name NAME    its name from now on, of any bytes
 *   vm           makes the VM now (--late: it was not made at the start)
 *   exit
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static void *vcpu(void *tid)
{
	pthread_setname_np(pthread_self(), "CPU 0/KVM");
	__atomic_store_n((pid_t *)tid, gettid(), __ATOMIC_RELEASE);
	sleep_for_ever();
	return NULL;
}

/* The descriptors stay open: they are what makes this process a VM. */
static void make_vm(void)
{
	static const char *const step[] = {"open", "KVM_CREATE_VM", "KVM_CREATE_VCPU"};
	pthread_t thread;
	pid_t tid = 0;
	int fd[3];

	fd[0] = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	fd[1] = fd[0] < 0 ? -1 : ioctl(fd[0], KVM_CREATE_VM, 0);
	fd[2] = fd[1] < 0 ? -1 : ioctl(fd[1], KVM_CREATE_VCPU, 0);
	if (fd[2] < 0) {
		int err = errno, at = fd[0] < 0 ? 0 : fd[1] < 0 ? 1 : 2;

		printf("no VM: %s of /dev/kvm: %s\n", step[at], strerror(err));
		return;
	}
	if (pthread_create(&thread, NULL, vcpu, &tid) != 0) {
		printf("no VM: no thread for the vCPU\n");
		return;
	}
	while (!__atomic_load_n(&tid, __ATOMIC_ACQUIRE))
		sched_yield();
	printf("vcpu %d\n", (int)tid);
}

static void try_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	printf("open %s: %s\n", path, fd < 0 ? strerror(errno) : "ok");
	if (fd >= 0)
		close(fd);
}

static void make_child(void)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		/* No test may leave it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		sleep_for_ever();
	}
	printf("%d\n", (int)child);
}

static void touch_memory(const char *mib)
{
	size_t bytes = strtoul(mib, NULL, 10) << 20;
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char *p = map;

	/* One byte a page; the kernel charges pages. */
	for (size_t i = 0; map != MAP_FAILED && i < bytes; i += 4096)
		p[i] = 1;
	printf("alloc %s: %s\n", mib, map != MAP_FAILED ? "ok" : "no memory");
}

static void count_processors(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	printf("%d\n", CPU_COUNT(&set));
}

/* false: it was told to end. */
static bool obey(char *line)
{
	char *arg;

	line[strcspn(line, "\n")] = '\0';
	arg = strchr(line, ' ');
	if (arg)
		*arg++ = '\0';
	if (strcmp(line, "open") == 0 && arg)
		try_open(arg);
	else if (strcmp(line, "fork") == 0)
		make_child();
	else if (strcmp(line, "alloc") == 0 && arg)
		touch_memory(arg);
	else if (strcmp(line, "affinity") == 0)
		count_processors();
	else if (strcmp(line, "name") == 0 && arg)
		printf("name: %s\n", prctl(PR_SET_NAME, arg) == 0 ? "ok" : strerror(errno));
	else if (strcmp(line, "vm") == 0)
		make_vm();
	else if (strcmp(line, "exit") == 0)
		return false;
	else
		printf("what is \"%s\"?\n", line);
	return true;
}

int main(int argc, char **argv)
{
	char line[4096];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || strcmp(argv[1], "--late") != 0)
		make_vm();
	printf("ready %d\n", (int)getpid());
	while (fgets(line, sizeof(line), stdin))
		if (!obey(line))
			return 0;
	sleep_for_ever();
	return 0;
}
