using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats;

/// <summary>A stream to write to that tells how much of a model's weights is written.</summary>
internal sealed class CountedStream : Stream
{
    private readonly Stream _inner;
    private readonly long _total;
    private readonly IProgress<DataProgress> _progress;
    private long _written;

    private CountedStream(Stream inner, long total, IProgress<DataProgress> progress) => (_inner, _total, _progress) = (inner, total, progress);

    /// <summary>The stream itself where nobody wants to know.</summary>
    /// <param name="inner">Where the weights go.</param>
    /// <param name="model">The model, whose vectors and tables may be written in a longer type: how much there is to write is about right.</param>
    /// <param name="type">The type of its matrices.</param>
    /// <param name="progress">Is told; null for nobody.</param>
    public static Stream Of<T>(Stream inner, LanguageModel<T> model, StoredType type, IProgress<DataProgress>? progress)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => progress is null
            ? inner
            : new CountedStream(inner, model.Parameters.All.Sum(parameter => parameter.Shape.Count) * type.BlockBytes() / type.BlockSize(), progress);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _inner.Write(buffer);
        _written += buffer.Length;
        _progress.Report(new DataProgress("writing the model", Math.Min(_written, _total), _total));
    }

    public override void Flush() => _inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
