using MiniGpt.Tensors;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>Reads memory and does next to nothing with it, on all workers: as fast as this machine delivers.</summary>
internal sealed class MemoryRead
{
    private const int FloatsOfChunk = 1 << 18;

    private readonly Tensor<float> _numbers;
    private readonly Tensor<float> _sums;

    public MemoryRead(long bytes)
    {
        int chunks = (int)((bytes / sizeof(float) + FloatsOfChunk - 1) / FloatsOfChunk);
        _numbers = new Tensor<float>([chunks, FloatsOfChunk]);
        _numbers.Span.Fill(1);
        _sums = new Tensor<float>([chunks]);
        Bytes = bytes;
    }

    public long Bytes { get; }

    public void Run()
    {
        var kernel = new Kernel { Numbers = _numbers, Sums = _sums, Count = Bytes / sizeof(float) };
        Workers.Run<float, Kernel>(ref kernel, _sums.Shape[0], grain: 1);
    }

    private unsafe struct Kernel : IRangeKernel<float>
    {
        public Tensor<float> Numbers, Sums;
        public long Count;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, float>
        {
            for (int chunk = start; chunk < end; chunk++)
            {
                long first = (long)chunk * FloatsOfChunk;
                float* x = Numbers.Pointer + first;
                int count = (int)Math.Min(FloatsOfChunk, Count - first);
                V a = V.Zero, b = V.Zero, c = V.Zero, d = V.Zero;
                for (int i = 0; i <= count - 4 * V.Count; i += 4 * V.Count)
                {
                    a += V.Load(x + i);
                    b += V.Load(x + i + V.Count);
                    c += V.Load(x + i + 2 * V.Count);
                    d += V.Load(x + i + 3 * V.Count);
                }

                Sums.Pointer[chunk] = V.SumAcross(a + b + (c + d));
            }
        }
    }
}
