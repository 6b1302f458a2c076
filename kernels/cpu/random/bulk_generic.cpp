#define CUCURBIT_INSTRUCTION_SET generic
#define CUCURBIT_LANE_BYTES 16
#include "kernels/cpu/random/bulk.inl"

const cucurbit::BulkDraw cucurbit::bulk_generic = {"generic", generic::draw_rows,
                                                   generic::draw_interleaved};
