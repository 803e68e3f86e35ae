import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.queries.mlt.MoreLikeThis;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.util.Version;

/**
 * Lucene's MoreLikeThis as a peer of related-peers.ts: the same texts, the same steps, the same output.
 *
 * java -cp JARS:FOLDER MoreLikeThisPeer TEXTS OUT BUDGET_MS LATE QUERY_TERMS MIN_TERM_FREQ MIN_DOC_FREQ
 *
 * TEXTS has one article a line: id, title and body, parted by tabs, in the order in which they are asked about; the last
 * LATE are the ones that are published one by one. The index is in memory, its merges are on this thread, and term vectors
 * are stored, which spares MoreLikeThis a second analysis.
 */
public final class MoreLikeThisPeer {
  private static final FieldType TEXT = new FieldType(TextField.TYPE_NOT_STORED);

  static {
    TEXT.setStoreTermVectors(true);
    TEXT.freeze();
  }

  private final Analyzer analyzer = new EnglishAnalyzer();
  private final IndexWriter writer;
  private final int queryTerms;
  private final int minTermFreq;
  private final int minDocFreq;
  private DirectoryReader reader;

  private MoreLikeThisPeer(int queryTerms, int minTermFreq, int minDocFreq) throws IOException {
    this.queryTerms = queryTerms;
    this.minTermFreq = minTermFreq;
    this.minDocFreq = minDocFreq;
    IndexWriterConfig config = new IndexWriterConfig(analyzer);
    config.setMergeScheduler(new SerialMergeScheduler());
    writer = new IndexWriter(new ByteBuffersDirectory(), config);
  }

  private void add(String[] article) throws IOException {
    Document document = new Document();
    document.add(new StringField("id", article[0], Field.Store.YES));
    document.add(new Field("text", article[1] + "\n" + article[2], TEXT));
    writer.addDocument(document);
  }

  /** Makes what was added visible to searches. */
  private void refresh() throws IOException {
    DirectoryReader next = reader == null ? DirectoryReader.open(writer) : DirectoryReader.openIfChanged(reader, writer);
    if (next == null) return;
    if (reader != null) reader.close();
    reader = next;
  }

  private List<String> related(String id) throws IOException {
    IndexSearcher searcher = new IndexSearcher(reader);
    int own = searcher.search(new TermQuery(new Term("id", id)), 1).scoreDocs[0].doc;
    MoreLikeThis like = new MoreLikeThis(reader);
    like.setAnalyzer(analyzer);
    like.setFieldNames(new String[] {"text"});
    like.setMaxQueryTerms(queryTerms);
    like.setMinTermFreq(minTermFreq);
    like.setMinDocFreq(minDocFreq);
    List<String> ids = new ArrayList<>();
    for (ScoreDoc hit : searcher.search(like.like(own), 11).scoreDocs) {
      if (hit.doc != own && ids.size() < 10) ids.add(searcher.doc(hit.doc).get("id"));
    }
    return ids;
  }

  private void close() throws IOException {
    if (reader != null) reader.close();
    writer.close();
  }

  public static void main(String[] given) throws IOException {
    List<String[]> articles = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(given[0]), StandardCharsets.UTF_8)) articles.add(line.split("\t", -1));
    long budgetMs = Long.parseLong(given[2]);
    int late = Integer.parseInt(given[3]);
    int[] settings = {Integer.parseInt(given[4]), Integer.parseInt(given[5]), Integer.parseInt(given[6])};

    long indexWall = System.nanoTime();
    long indexCpu = cpuNanos();
    MoreLikeThisPeer peer = new MoreLikeThisPeer(settings[0], settings[1], settings[2]);
    for (String[] article : articles) peer.add(article);
    peer.refresh();
    indexWall = System.nanoTime() - indexWall;
    indexCpu = cpuNanos() - indexCpu;

    long queryWall = System.nanoTime();
    long queryCpu = cpuNanos();
    int asked = 0;
    try (BufferedWriter out = Files.newBufferedWriter(Path.of(given[1]))) {
      for (String[] article : articles) {
        if (System.nanoTime() - queryWall > budgetMs * 1_000_000L) break;
        out.write(article[0] + "\t" + String.join(" ", peer.related(article[0])) + "\n");
        asked++;
      }
    }
    queryWall = System.nanoTime() - queryWall;
    queryCpu = cpuNanos() - queryCpu;
    long peakKb = peakKb();
    peer.close();

    // One by one into an index that holds the rest.
    MoreLikeThisPeer second = new MoreLikeThisPeer(settings[0], settings[1], settings[2]);
    int early = articles.size() - late;
    for (String[] article : articles.subList(0, early)) second.add(article);
    second.refresh();
    double[] publishMs = new double[late];
    for (int at = 0; at < late; at++) {
      String[] article = articles.get(early + at);
      long started = System.nanoTime();
      second.add(article);
      second.refresh();
      second.related(article[0]);
      publishMs[at] = (System.nanoTime() - started) / 1e6;
    }
    second.close();
    System.out.printf(
        Locale.ROOT,
        "{\"version\":\"Lucene %s, Java %s\",\"asked\":%d,\"indexMs\":%.1f,\"indexCpuMs\":%.1f,\"queryMs\":%.1f,\"queryCpuMs\":%.1f,\"publishMs\":%s,\"peakMb\":%d}%n",
        Version.LATEST, System.getProperty("java.version"), asked, indexWall / 1e6, indexCpu / 1e6, queryWall / 1e6,
        queryCpu / 1e6, Arrays.toString(publishMs), peakKb / 1024);
  }

  /** Processor time of the whole process: garbage collection and compilation are Lucene's cost too. */
  private static long cpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }

  private static long peakKb() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }
    return 0;
  }
}
