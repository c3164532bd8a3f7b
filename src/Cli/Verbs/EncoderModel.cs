using MiniGpt.Cli.Display;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>Loads a model that reads in both directions, for the verbs that ask one.</summary>
internal static class EncoderModel
{
    /// <summary>Reads the model and its tokenizer.</summary>
    /// <exception cref="UsageException">It has no tokenizer.</exception>
    /// <exception cref="ModelKindException">It is of another kind.</exception>
    public static (Encoder<float> Model, ITokenizer Tokenizer) Load(string path)
    {
        using ModelFile file = ModelFile.Open(path);
        file.RequireKind(ModelKind.Encoder);
        ITokenizer tokenizer = file.Tokenizer ?? throw new UsageException(Messages.Of("model.no-tokenizer", ("model", path)));
        ModelNotes.Say(file);
        return ((Encoder<float>)ModelReading.LoadForReading(file), tokenizer);
    }
}
