#define CUCURBIT_INSTRUCTION_SET avx2
#define CUCURBIT_LANE_BYTES 32
#include "kernels/cpu/random/bulk.inl"

const cucurbit::BulkDraw cucurbit::bulk_avx2 = {"avx2", avx2::draw_rows, avx2::draw_interleaved};
