using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Gguf;
using MiniGpt.Model.Formats.Llama2C;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Formats;

/// <summary>A tokenizer by itself, in any of the forms that there are.</summary>
public static class TokenizerFile
{
    /// <summary>
    /// Reads the tokenizer of a folder, a tokenizer.json, BERT's vocab.txt, that of a GGUF file, or one of llama2.c (.bin): the content says
    /// which it is.
    /// </summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="unknown">What a character or word tokenizer does with what it does not know.</param>
    /// <exception cref="FileFormatException">There is no tokenizer, or its files are not right: one line says what and where.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ITokenizer Read(string path, UnknownCharacter unknown = UnknownCharacter.Error)
    {
        if (!File.Exists(path))
            return TokenizerFolder.Read(path, unknown);
        if (RegularFile.Beginning(path).AsSpan().SequenceEqual(GgufReader.Magic))
        {
            return GgufTokenizer.ReadAlone(path, unknown)
                ?? throw new FileFormatException(path, "a GGUF file without a tokenizer found, one with tokenizer.ggml.model expected");
        }
        return Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".BIN" => Llama2CTokenizer.Read(path),
            ".TXT" => WordPieceJson.ReadVocabulary(path),
            _ => TokenizerFolder.Read(path, unknown),
        };
    }
}
