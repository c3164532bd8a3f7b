using System.Text;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Formats.Llama2C;

/// <summary>
/// The tokenizer files of llama2.c: the length of the longest token, and then for each token a score, its length and its bytes. Ids 0, 1 and 2
/// are the unknown token, the begin and the end of a text, the next 256 are bytes.
/// </summary>
internal static class Llama2CTokenizer
{
    private const int FirstByte = 3;
    private const int Begin = 1;
    private const int LeastBytes = sizeof(float) + sizeof(int);

    /// <summary>Reads a tokenizer.</summary>
    /// <exception cref="FileFormatException">It is no such file, or it ends early: one line says what and where.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SentencePieceTokenizer Read(string path)
    {
        using MappedFile file = RegularFile.Map(path);
        if (file.Length < sizeof(int))
            throw new FileFormatException(path, $"{file.Length} bytes found, a tokenizer of llama2.c expected");
        int longest = BitConverter.ToInt32(file.Bytes(0, sizeof(int)));
        if (longest < 1 || longest > file.Length)
            throw new FileFormatException(path, $"a longest token of {longest} bytes announced, a tokenizer of llama2.c expected");
        List<byte[]> pieces = [];
        List<float> scores = [];
        List<PieceKind> kinds = [];
        for (long at = sizeof(int); at < file.Length;)
        {
            int length = file.Length - at >= LeastBytes ? BitConverter.ToInt32(file.Bytes(at + sizeof(float), sizeof(int))) : -1;
            if (length < 1 || length > longest || length > file.Length - at - LeastBytes)
                throw new FileFormatException(path, $"token {pieces.Count} at byte {at} has the length {length}, 1 to {longest} and no more than the file holds expected");
            scores.Add(BitConverter.ToSingle(file.Bytes(at, sizeof(float))));
            byte[] bytes = file.Bytes(at + LeastBytes, length).ToArray();
            string text = Encoding.UTF8.GetString(bytes);
            PieceKind kind = pieces.Count < FirstByte ? pieces.Count == 0 ? PieceKind.Unknown : PieceKind.Control : PieceKind.Normal;
            if (pieces.Count is >= FirstByte and < FirstByte + 256)
            {
                if (PieceTokenizer.ByteOf(text) != pieces.Count - FirstByte)
                    throw new FileFormatException(path, $"token {pieces.Count} is \"{text}\", <0x{pieces.Count - FirstByte:X2}> expected");
                (bytes, kind) = ([(byte)(pieces.Count - FirstByte)], PieceKind.Byte);
            }
            // llama2.c writes the two ends with line ends round them, to be seen when they are printed.
            pieces.Add(kind == PieceKind.Control ? Encoding.UTF8.GetBytes(text.Trim('\n')) : bytes);
            kinds.Add(kind);
            at += LeastBytes + length;
        }
        if (pieces.Count <= FirstByte + 256)
            throw new FileFormatException(path, $"{pieces.Count} tokens found, the unknown one, two ends, 256 bytes and at least one more expected");
        return JsonFile.Refusing(path, () => SentencePieceTokenizer.FromScores(
            pieces, kinds, [.. scores], [0, Begin, Begin + 1], SpaceRule.Llama, new TextEnds([Begin], [])));
    }
}
