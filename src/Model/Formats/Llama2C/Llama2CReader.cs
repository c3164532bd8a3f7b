using System.Runtime.InteropServices;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.LlmC;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Formats.Llama2C;

/// <summary>
/// Reads a model file of llama2.c: seven 32-bit numbers, then floats. It has no magic number; what tells it is that its length is the one
/// that its sizes make.
/// </summary>
internal sealed class Llama2CReader : TensorSource
{
    private readonly MappedFile _file;

    private Llama2CReader(string path, MappedFile file, TransformerConfig config)
        : base(path, Llama2CLayout.TensorsOf(config)) => (_file, Config) = (file, config);

    /// <summary>The model's sizes.</summary>
    public TransformerConfig Config { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="FileFormatException">It is no such file, or its header does not fit its length.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Llama2CReader Open(string path) => Open(path, Parse);

    /// <summary>A model file that is opened for any use.</summary>
    /// <inheritdoc cref="Open"/>
    public static ModelFile OpenModel(string path)
    {
        Llama2CReader reader = Open(path);
        return new ModelFile(path, ModelFormat.Llama2C, reader.Config, reader, Llama2CLayout.Map) { IsUnderstood = _ => true };
    }

    /// <inheritdoc/>
    public override void Dispose() => _file.Dispose();

    private protected override (MappedFile File, long Offset) Locate(StoredTensor entry) => (_file, Llama2CLayout.HeaderBytes + entry.Begin);

    private static Llama2CReader Parse(string path, MappedFile file)
    {
        if (file.Length < Llama2CLayout.HeaderBytes)
            throw new FileFormatException(path, $"{file.Length} bytes found, the header of an llm.c or a llama2.c model expected");
        ReadOnlySpan<int> header = MemoryMarshal.Cast<byte, int>(file.Bytes(0, Llama2CLayout.HeaderBytes));
        if (header[0] is TokenFile.LlmCMagic or TokenFile.WideLlmCMagic)
            throw new FileFormatException(path, $"the magic number {header[0]} found, which a token file begins with; llm.c's {LlmCReader.Magic} of a model expected");
        (int width, int hidden, int layers, int heads, int keyHeads, int vocabulary, int context) =
            (header[0], header[1], header[2], header[3], header[4], header[5], header[6]);
        if (width <= 0 || hidden <= 0 || layers <= 0 || heads <= 0 || keyHeads <= 0 || vocabulary is 0 or int.MinValue || context <= 0)
        {
            throw new FileFormatException(path,
                $"a file that begins with the numbers {string.Join(", ", header.ToArray())} found, the magic number of an llm.c model or the seven sizes of a llama2.c model expected");
        }
        ModelSizes sizes = new(Math.Abs(vocabulary), context, layers, heads, width) { KeyHeads = keyHeads, FeedForwardWidth = hidden };
        TransformerConfig config = ModelFile.Checked(path, Llama.Config(sizes) with
        {
            Head = vocabulary > 0 ? HeadKind.Tied : HeadKind.Own,
            BeginOfTextId = vocabulary is > 1 or < -1 ? 1 : null,
            EndOfTextId = vocabulary is > 2 or < -2 ? 2 : null,
        });
        // Before anything is made of it: the whole length follows from the header.
        Int128 expected = Llama2CLayout.HeaderBytes + Llama2CLayout.CountOf(config) * sizeof(float);
        return expected == file.Length
            ? new Llama2CReader(path, file, config)
            : throw new FileFormatException(path, $"{file.Length} bytes found, the {expected} of a llama2.c model of the header's sizes expected");
    }
}
