/* Batches of datagrams over one unconnected UDP socket per address family. */
#ifndef NETWATCH_UDP_H
#define NETWATCH_UDP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define BATCH 64
#define DATAGRAM 65536 /* octets that a received one can have */
#define MESSAGE 6144   /* octets that a sent one can have */

typedef struct {
    int family;
    uint16_t port; /* host order */
    uint32_t scope;
    uint8_t octets[16];
} Address;

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} SocketAddress;

typedef struct {
    struct mmsghdr heads[BATCH];
    struct iovec parts[BATCH];
    SocketAddress names[BATCH];
    uint64_t tags[BATCH]; /* whose datagram it is, for the caller */
    uint8_t *data;        /* BATCH times `width` octets */
    size_t width;
    int count;
} Batch;

bool batch_open(Batch *batch, size_t width);
void batch_close(Batch *batch);

void address_read(const SocketAddress *from, Address *to);
socklen_t address_write(const Address *from, SocketAddress *to);
bool address_same_host(const Address *a, const Address *b);

/* Reads at most BATCH datagrams without waiting; negative errno. */
int batch_receive(Batch *batch, int fd);

/* The destination of one ICMP error, and what it means (errno); false at the end of the queue. */
bool error_next(int fd, Address *destination, int *reason);

#endif
