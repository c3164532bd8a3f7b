namespace MiniGpt.Cli.Options;

/// <summary>
/// Standard input. Waiting for it cannot be interrupted by itself: a thread of the pool waits, and where an interruption comes first it is left
/// behind, to end with the process.
/// </summary>
internal static class StandardInput
{
    /// <summary>Standard input as a stream of which every read ends with an <see cref="OperationCanceledException"/> once it is cancelled.</summary>
    public static Stream Open(CancellationToken cancellationToken) => new InterruptibleStream(Console.OpenStandardInput(), cancellationToken);

    private static bool s_hasBegun; // only before the first line a byte-order mark is one

    /// <summary>The next line of standard input, without a byte-order mark before the first; null at its end.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled before there was one.</exception>
    public static string? ReadLine(CancellationToken cancellationToken)
    {
        string? line = Await(Console.In.ReadLine, cancellationToken);
        bool hasMark = !s_hasBegun && line is ['\uFEFF', ..];
        s_hasBegun = true;
        return hasMark ? line![1..] : line;
    }

    private static T Await<T>(Func<T> read, CancellationToken cancellationToken) =>
        Task.Run(read, cancellationToken).WaitAsync(cancellationToken).GetAwaiter().GetResult();

    private sealed class InterruptibleStream(Stream input, CancellationToken cancellationToken) : Stream
    {
        // Of its own: a read that was left behind still writes into it.
        private readonly byte[] _buffer = new byte[1 << 16];

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            int most = Math.Min(buffer.Length, _buffer.Length);
            int read = Await(() => input.Read(_buffer, 0, most), cancellationToken);
            _buffer.AsSpan(0, read).CopyTo(buffer);
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                input.Dispose();
            base.Dispose(disposing);
        }
    }
}
